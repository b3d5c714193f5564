// Switches the language of the discussion.
(() => {
  const buttons = [...document.querySelectorAll("[data-language]")];
  const choose = (language) => {
    document.body.dataset.shown = language;
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.language === language)));
  };
  buttons.forEach((button) => button.addEventListener("click", () => choose(button.dataset.language)));
})();
