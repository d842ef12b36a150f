// A link to a place in the page is copied when it is pressed. Without JavaScript it leads there, and its address can be copied.
(() => {
  const said = document.createElement("output");
  said.className = "said";
  document.body.append(said);
  document.addEventListener("click", (event) => {
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
