// A link to a place in the page is copied when it is pressed. Without JavaScript it leads there, and its address can be copied.
// The link "Cite" of a figure or a table puts its number before the page's citation.
(() => {
  const said = document.createElement("output");
  said.className = "said";
  document.body.append(said);
  document.addEventListener("click", (event) => {
    const cite = event.target.closest('a[href="#cite"]');
    if (cite) document.querySelector("#cite .of").textContent = cite.dataset.of ? `${cite.dataset.of} of: ` : "";
    const link = event.target.closest("a.place");
    if (!link) return;
    const tell = (text) => {
      said.textContent = text;
      setTimeout(() => (said.textContent = ""), 2000);
    };
    const copied = navigator.clipboard?.writeText(link.href);
    copied?.then(() => tell("Link copied"), () => tell("Copy the link from the address bar"));
  });
})();
