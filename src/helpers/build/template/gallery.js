// Filters of the figures, which stand in the address. Without JavaScript all figures are there.
(() => {
  const form = document.querySelector("form.filter");
  const cards = [...document.querySelectorAll(".gallery li")].map((card) => {
    const text = `${card.textContent} ${card.querySelector("img").alt}`.toLowerCase();
    return { card, text, is: { notebook: [card.dataset.notebook], state: card.dataset.state.split(" ") } };
  });
  const fields = ["words", "notebook", "state"];
  const show = () => {
    const words = form.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { card, text, is } of cards) {
      const chosen = Object.keys(is).every((name) => !form[name].value || is[name].includes(form[name].value));
      const wanted = chosen && words.every((word) => text.includes(word));
      card.hidden = !wanted;
      count += wanted;
    }
    form.querySelector("output").textContent = `${count} of ${cards.length} figures`;
  };
  const restore = () => {
    const asked = new URLSearchParams(location.search);
    for (const name of fields) form[name].value = asked.get(name) ?? "";
    show();
  };
  form.addEventListener("input", () => {
    const asked = new URLSearchParams(fields.map((name) => [name, form[name].value]).filter(([, value]) => value));
    history.replaceState(null, "", `${location.pathname}${asked.size ? `?${asked}` : ""}`);
    show();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("popstate", restore);
  form.hidden = false;
  restore();
})();
