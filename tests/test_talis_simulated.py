"""The simulated TALIS files: the design gives what its weights promise, and the files declare what real ones declare."""

import shutil
import zipfile
from io import BytesIO

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from helpers.estimate import survey_means
from helpers.read import files, talis
from helpers.read.survey import NO_ANSWER, NOT_ADMINISTERED
from helpers.simulate import talis_sav, talis_systems

pytestmark = pytest.mark.slow

ZIP = ROOT / "data" / "simulated" / "03-talis.zip"
ITEMS = list(talis_systems.ITEMS)
DRAWS, SCHOOLS, OF = 1200, 150, 8000


@pytest.fixture(scope="module")
def population():
    """So large that drawing without replacement makes no difference: replicate weights know nothing of it."""
    locations = talis_systems.SYSTEMS[1].locations
    return talis_systems.population(np.random.default_rng(3301), locations, OF)


def _headlines(teachers):
    """Never, and at least once a month, of the eight items: n x 16."""
    answers = teachers[ITEMS].to_numpy()
    return np.concatenate([answers == 1, answers >= 5], axis=1).astype(float)


@pytest.fixture(scope="module")
def draws(population):
    """What `DRAWS` samples of one population say: estimates, standard errors, sums of weights, unweighted shares."""
    rng = np.random.default_rng(3302)
    answers = _headlines(population.teachers)
    found = []
    for _ in range(DRAWS):
        sample = talis_systems.draw(rng, population, SCHOOLS)
        values = answers[sample.teachers.index]
        means = survey_means.means(values, sample.weights, talis_systems.FAY)
        final = sample.weights[:, 0]
        women = final[sample.teachers["female"].to_numpy()].sum()
        never = final @ values[:, :8]
        totals = np.concatenate([[final.sum(), women], never])
        found.append((means.estimate, means.std_error, totals, values.mean(axis=0)))
    return [np.array(column) for column in zip(*found, strict=True)]


def _z(values, expected):
    """How many standard errors the mean over draws lies from what is expected."""
    return (values.mean(axis=0) - expected) / (values.std(axis=0, ddof=1) / np.sqrt(len(values)))


def test_hadamard_columns_are_orthogonal():
    matrix = talis_systems.hadamard()
    assert set(np.unique(matrix)) == {-1, 1}
    assert np.array_equal(matrix.T @ matrix, 100 * np.eye(100))
    assert (matrix[:, 0] == 1).all()  # the others sum to zero, so that replicates average the sample


@given(st.integers(2, 400))
def test_every_zone_has_two_schools_and_the_last_may_have_three(schools):
    zone = talis_systems.zones(schools)
    counts = np.bincount(zone)
    assert (np.diff(zone) >= 0).all()
    assert counts.tolist() == [2] * (schools // 2 - 1) + [2 + schools % 2]


def test_a_single_school_and_too_many_are_refused(population):
    with pytest.raises(ValueError, match="single school"):
        talis_systems.zones(1)
    with pytest.raises(ValueError, match="100 zones are more than the 99"):
        talis_systems.factors(np.arange(200) // 2)
    with pytest.raises(ValueError, match="as large as the sampling step"):
        talis_systems.draw(np.random.default_rng(1), population, OF // 2)


@given(st.lists(st.integers(2, 31), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
def test_replicates_give_the_squared_differences_within_zones(strata, seed):
    """The variance of a total is, by the orthogonality, a sum over zones: (a - b)^2, or 2 (a - (b + c) / 2)^2."""
    zone, last = [], -1
    for schools in strata:
        zone.append(talis_systems.zones(schools) + last + 1)
        last = zone[-1][-1]
    zone = np.concatenate(zone)
    totals = np.random.default_rng(seed).lognormal(size=len(zone))
    expected = 0.0
    for members in (totals[zone == place] for place in range(last + 1)):
        expected += (1 if len(members) == 2 else 2) * (members[0] - members[1:].mean()) ** 2
    replicated = totals @ talis_systems.factors(zone)
    assert 0.04 * ((replicated - totals.sum()) ** 2).sum() == pytest.approx(expected, rel=1e-9)
    assert replicated.mean() == pytest.approx(totals.sum(), rel=1e-12)


def test_factors_are_those_of_a_real_school_file(shared):
    """Each zone of the real file is a pair or a triple with our factors, and its zones are orthogonal like ours."""
    frame, _ = pyreadstat.read_sav(shared / "data" / "talis" / "BCGITAT3.sav", user_missing=True)
    names = [f"SRWGT{place}" for place in range(1, 101)]
    frame = frame[frame["SCHWGT"].between(0.1, 999997)]
    real = (frame[names].to_numpy() / frame[["SCHWGT"]].to_numpy()).round(4)
    ours = talis_systems.factors(talis_systems.zones(15)).round(4)
    assert set(np.unique(real)) == set(np.unique(ours)) == {0.2929, 0.5, 0.6464, 1.3536, 1.5, 1.7071}
    patterns = {tuple(sorted(set(row))) for row in real}
    assert patterns == {tuple(sorted(set(row))) for row in ours}
    signs = np.sign(real - 1)
    assert set(np.unique(signs @ signs.T)) == {-100, 0, 100}


def test_zones_stay_within_strata_and_schools_have_one_weight(population):
    sample = talis_systems.draw(np.random.default_rng(5), population, SCHOOLS)
    assert sample.schools.groupby("zone")["stratum"].nunique().eq(1).all()
    assert set(np.bincount(sample.schools["zone"])) <= {2, 3}
    assert sample.schools.index.is_unique
    assert sample.teachers.index.is_unique
    assert set(sample.teachers["school"]) == set(sample.schools.index)
    by_school = pd.DataFrame(sample.weights).groupby(sample.teachers["school"].to_numpy())
    assert by_school.nunique().eq(1).all(axis=None)
    assert by_school.size().max() <= talis_systems.TEACHERS


def test_weights_sum_to_the_population(population, draws):
    teachers = population.teachers
    expected = [len(teachers), teachers["female"].sum(), *(teachers[ITEMS] == 1).sum()]
    assert np.abs(_z(draws[2], expected)).max() < 4


def truth(population):
    """Shares of the lowest answer to each item in the whole population, then of the two highest."""
    answers = population.teachers[ITEMS]
    return np.concatenate([(answers == 1).mean(), (answers >= 5).mean()])


def test_weighted_shares_hit_the_truth_and_unweighted_ones_miss_it(population, draws):
    expected = truth(population)
    assert np.abs(_z(draws[0], expected)).max() < 4
    assert np.abs(_z(draws[3], expected)).min() > 8


def test_replicate_variance_is_the_variance_over_draws(draws):
    """Sampling variances of 16 shares from as many draws: each within 4 of its errors, their mean within 8 percent."""
    ratio = (draws[1] ** 2).mean(axis=0) / draws[0].var(axis=0, ddof=1)
    assert np.abs(ratio - 1).max() < 4 * np.sqrt(2 / DRAWS)
    assert ratio.mean() == pytest.approx(1, abs=0.08)


def test_intervals_cover_the_truth_as_often_as_they_say(population, draws):
    """95 percent intervals of 16 shares, over all draws, within two binomial errors of .95."""
    expected = truth(population)
    covered = np.abs(draws[0] - expected) <= 1.959964 * draws[1]
    print(f"coverage over {DRAWS} draws: {covered.mean():.4f}")  # pytest -s shows it
    assert covered.mean() == pytest.approx(0.95, abs=2 * np.sqrt(0.95 * 0.05 / DRAWS))
    assert covered.mean(axis=0).min() > 0.92


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The zip as it lies in the project, unpacked."""
    folder = tmp_path_factory.mktemp("talis")
    with zipfile.ZipFile(ZIP) as archive:
        archive.extractall(folder)
    return folder / talis_sav.FOLDER


def _members(content):
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_zip_is_what_the_program_makes_and_the_same_bytes_each_time(tmp_path):
    """Files in the zip are compared unpacked: how well zlib packs is its own affair."""
    once = talis_sav.write_zip(tmp_path / "once.zip").read_bytes()
    assert once == talis_sav.write_zip(tmp_path / "again.zip").read_bytes()
    assert _members(once) == _members(ZIP.read_bytes())
    assert len(once) < 700_000


def test_copy_of_the_zip_stays_simulated(tmp_path):
    assert files.state_of(shutil.copy(ZIP, tmp_path / "mine.zip")) == "simulated"


def test_files_read_back_as_they_were_made(unpacked):
    made = talis_sav.files()
    assert {path.name for path in unpacked.iterdir()} == set(made)
    for name, (frame, label) in made.items():
        back, meta = pyreadstat.read_sav(unpacked / name, user_missing=True)
        pd.testing.assert_frame_equal(back, frame, check_dtype=False)
        assert meta.file_label == label
        assert label.startswith("SIMULATED ")


def test_the_reader_gives_back_what_was_made(tmp_path, monkeypatch):
    """Answers, weights, sexes and school types of each system and cycle, with missing codes told apart."""
    monkeypatch.setattr(talis, "CACHE", tmp_path)
    survey = talis.read(ZIP)
    made = talis_sav.files()
    assert survey.simulated
    assert len(survey.frame) == sum(len(made[name][0]) for name in made if name.startswith("BTG"))
    told = {1: "Public", 2: "Private"}
    for system in talis_systems.SYSTEMS:
        own = survey.frame["system"].eq(system.code) & survey.frame["cycle"].eq(system.cycle)
        read, weights = survey.frame[own].reset_index(drop=True), survey.weights[own]
        ending, start = (f"{system.code}T2", "TT2G") if system.cycle == 2013 else (f"{system.code}T3", "TT3G")
        frame = made[f"BTG{ending}.sav"][0]
        for item in ITEMS:
            expected = frame[f"{start}33{item}"].replace({7: NO_ANSWER, 8: NOT_ADMINISTERED, 9: NO_ANSWER})
            assert read[item].tolist() == expected.tolist()
        assert (weights == frame.filter(regex="TCHWGT|TRWGT").to_numpy()).all()
        assert read["sex"].eq("Female").tolist() == frame[f"{start}01"].eq(1).tolist()
        assert read["name"].eq(system.name).all()
        if system.cycle == 2018:
            schools = made[f"BCG{ending}.sav"][0].set_index("IDSCHOOL")["TC3G12"]
            types = frame["IDSCHOOL"].map(schools).map(told)
            assert read["school_type"].fillna("").tolist() == types.fillna("").tolist()
        else:
            assert read["school_type"].isna().all()


def test_missing_codes_are_missing_and_a_six_is_both(unpacked):
    with_codes, _ = pyreadstat.read_sav(unpacked / "BTGXXBT3.sav", user_missing=True)
    without, _ = pyreadstat.read_sav(unpacked / "BTGXXBT3.sav")
    for column, codes in {"TT3G33A": {7, 9}, "TT3G33D": {7, 8, 9}, "TT3G42D": {6, 7}}.items():
        assert set(with_codes[column][without[column].isna()]) <= codes
        assert not set(without[column].dropna()) & codes
    assert (without["TT3G33A"] == 6).any()
    assert (with_codes["TT3G42D"] == 6).any()
    assert (with_codes["TT3G33D"] == 8).all()
    assert without["TT3G33D"].isna().all()
    assert set(with_codes["TT3G02"][without["TT3G02"].isna()]) == {999}
    assert without[["TCHWGT", "TRWGT1", "TRWGT100", "IDTEACH"]].notna().all(axis=None)


def test_only_one_item_of_one_system_was_not_administered(unpacked):
    for path in unpacked.glob("BTG*.sav"):
        frame, _ = pyreadstat.read_sav(path, user_missing=True)
        items = frame.filter(regex=r"TT[23]G33[A-H]")
        assert items.shape[1] == 8
        unasked = items.columns[(items == 8).any()].tolist()
        assert unasked == (["TT3G33D"] if path.name == "BTGXXBT3.sav" else [])


def test_schools_of_the_school_file_are_in_the_teacher_file(unpacked):
    for code in "ABC":
        schools, _ = pyreadstat.read_sav(unpacked / f"BCGXX{code}T3.sav")
        teachers, _ = pyreadstat.read_sav(unpacked / f"BTGXX{code}T3.sav")
        assert schools["IDSCHOOL"].is_unique
        assert teachers["IDTEACH"].is_unique
        assert set(schools["IDSCHOOL"]) < set(teachers["IDSCHOOL"])
        assert set(schools["TC3G12"].dropna()) == {1, 2}


def test_variables_are_declared_as_in_real_files(shared, unpacked):
    """Labels, value labels, user-missing codes and formats, from the codebook; places of the real world are not there."""
    codebook = pd.read_csv(
        shared / "data" / "talis" / "codebook_talis2018_teacher.csv",
        dtype=str,
        keep_default_na=False,
    ).set_index("variable")
    frame, meta = pyreadstat.read_sav(unpacked / "BTGXXCT3.sav", user_missing=True)
    for name in frame.columns:
        real = codebook.loc[name]
        assert meta.column_names_to_labels[name] == real["label"]
        if name in ("CNTRY", "IDCNTPOP"):
            continue
        assert meta.original_variable_types[name] == real["format_spss"]
        declared = {code for part in meta.missing_ranges[name] for code in (part["lo"], part["hi"])}
        listed = real["na_values"] or real["na_range"]
        assert declared == {float(code) for code in listed.split(";")}
        words = dict(pair.split("=", 1) for pair in real["value_labels"].split("; "))
        ours = {f"{code:.0f}": word for code, word in meta.variable_value_labels[name].items()}
        if name == "IDCNTRY":
            assert {ours[code] for code in set(ours) - set(words)} == {
                "System A",
                "System B",
                "System C",
            }
        else:
            assert ours == words


def test_nothing_bears_a_real_name(shared, unpacked):
    systems = pd.read_csv(shared / "data" / "talis" / "country_codes_talis2018_isced2.csv")
    content = b"".join(path.read_bytes() for path in unpacked.iterdir())
    content += (ROOT / talis_systems.FILE).read_bytes()
    for name in systems["oecd_label"]:
        assert name.encode() not in content
    for path in unpacked.iterdir():
        frame, _ = pyreadstat.read_sav(path)
        assert not set(frame["CNTRY"]) & set(systems["cntry"])
        assert not set(frame["IDCNTRY"]) & set(systems["idcntry"])
        assert frame["CNTRY"].str.fullmatch("XX[A-Z]").all()
