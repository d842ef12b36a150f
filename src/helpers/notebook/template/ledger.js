// Filters and sorting of the ledger, which stand in the address. Without JavaScript, and on paper, all of the table is there.
(() => {
  const FIRST = 50; // so many rows are shown before somebody asks for all
  const card = document.getElementById("ledger");
  const form = card.querySelector("form.filter");
  const body = card.querySelector("tbody");
  const heads = [...card.querySelectorAll("th[data-sort]")];
  const verdicts = [...form.verdict.options].map((option) => option.value);
  const rows = [...body.querySelectorAll("tr[id]")].map((row, place) => {
    const more = row.nextElementSibling;
    const [what, printed] = [...row.cells].map((cell) => cell.textContent);
    const { verdict, file } = row.dataset;
    const keys = { what, printed: Number(printed.replace("−", "-").replaceAll(",", "")), verdict: verdicts.indexOf(verdict) };
    const [notebook] = [...more.querySelectorAll("a")].at(-1).textContent.split(",");
    const is = { verdict, source: row.id.split("-")[1], notebook, file };
    return { row, more, place, keys, is, text: (row.textContent + " " + more.textContent).toLowerCase() };
  });
  const chosen = ["verdict", "source", "notebook", "file"];
  const fields = ["words", ...chosen];
  const linked = () => decodeURIComponent(location.hash.slice(1));
  let sort = "";
  let sorted = rows;
  let all = false;
  const rest = document.createElement("button");
  rest.type = "button";
  body.closest(".scroll").after(rest);

  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);
  const order = () => {
    const key = sort.replace("-", "");
    const way = sort.startsWith("-") ? -1 : 1;
    sorted = [...rows].sort((a, b) => (key ? way * compare(a.keys[key], b.keys[key]) : 0) || a.place - b.place);
    body.append(...sorted.flatMap(({ row, more }) => [row, more]));
    for (const head of heads) {
      if (head.dataset.sort === key) head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
  };
  const show = () => {
    const words = form.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { row, more, is, text } of sorted) {
      const wanted =
        row.id === linked() ||
        (chosen.every((name) => !form[name].value || is[name] === form[name].value) &&
          words.every((word) => text.includes(word)));
      row.hidden = more.hidden = !wanted || (!all && count >= FIRST && row.id !== linked());
      count += wanted;
    }
    rest.hidden = all || count <= FIRST;
    rest.textContent = `Show all ${count} rows`;
    const none = count ? "" : ". The ledger lists what is printed; what we computed is in the files of figures and tables.";
    form.querySelector("output").textContent = `${count} of ${rows.length} rows${none}`;
  };
  // While somebody types, the address follows in place; each choice is a step that the back button takes back.
  const keep = (step, row) => {
    const asked = new URLSearchParams();
    for (const name of fields) if (form[name].value) asked.set(name, form[name].value);
    if (sort) asked.set("sort", sort);
    const address = `${location.pathname}${asked.size ? `?${asked}` : ""}${row}`;
    history[step ? "pushState" : "replaceState"](null, "", address);
  };
  const restore = () => {
    const asked = new URLSearchParams(location.search);
    for (const name of fields) form[name].value = asked.get(name) ?? "";
    const known = heads.some((head) => head.dataset.sort === (asked.get("sort") ?? "").replace("-", ""));
    sort = known ? asked.get("sort") : "";
    order();
    show();
    if (linked() || asked.size) (document.getElementById(linked()) ?? card).scrollIntoView();
  };

  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      sort = sort === head.dataset.sort ? `-${sort}` : head.dataset.sort;
      order();
      show();
      keep(true, location.hash);
    });
  }
  // The row that the address names is shown whatever is asked, until somebody asks for something else.
  form.addEventListener("input", (event) => {
    keep(event.target.localName === "select", "");
    show();
  });
  const showAll = () => {
    all = true;
    show();
  };
  rest.addEventListener("click", () => {
    const [next] = sorted.filter(({ row }) => row.hidden);
    showAll();
    next.more.querySelector("a").focus({ preventScroll: true });
  });
  addEventListener("beforeprint", showAll);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("popstate", restore);
  form.hidden = false;
  restore();
})();
