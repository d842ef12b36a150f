"""wildboottest as the tests and the benchmark use it: all its steps, the null imposed, Rademacher weights."""

import numpy as np


def run(
    x: np.ndarray,
    y: np.ndarray,
    cluster: np.ndarray,
    tested: np.ndarray,
    draws: int,
    seed: int,
    **options: bool,
):
    """The package's object after all steps; it holds `pvalue`, the bootstrap's `t_boot` and the observed `t_stat`."""
    from wildboottest.wildboottest import WildboottestCL

    boot = WildboottestCL(X=x, Y=y, cluster=cluster, R=tested, B=draws, seed=seed, **options)
    boot.get_scores(bootstrap_type="11", impose_null=True)
    boot.get_weights(weights_type="rademacher")
    boot.get_numer()
    boot.get_denom()
    boot.get_tboot()
    boot.get_vcov()
    boot.get_tstat()
    boot.get_pvalue()
    return boot
