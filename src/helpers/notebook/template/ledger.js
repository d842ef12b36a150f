// Filters for the ledger. Without JavaScript the form stays hidden and the table is read as it is.
(() => {
  const card = document.getElementById("ledger");
  const form = card.querySelector("form.filter");
  const rows = [...card.querySelectorAll("tbody tr")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const show = () => {
    const words = form.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, place) => {
      const wanted =
        (!form.verdict.value || row.dataset.verdict === form.verdict.value) &&
        (!form.source.value || row.dataset.seed === form.source.value) &&
        words.every((word) => texts[place].includes(word));
      row.hidden = !wanted;
      count += wanted;
    });
    form.querySelector("output").textContent = `${count} of ${rows.length} rows`;
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  show();
})();
