"use strict";
// The contents are a column beside the page where there is room, else a menu above it.
(() => {
  const menu = document.querySelector(".contents details");
  if (!menu) return;
  const room = matchMedia("(min-width: 1360px)"); // as in style.css
  const fit = () => { menu.open = room.matches; };
  const leave = (place) => place && !menu.contains(place) && fit();
  room.addEventListener("change", fit);
  menu.addEventListener("click", (event) => event.target.closest("a") && fit());
  menu.addEventListener("focusout", (event) => leave(event.relatedTarget));
  document.addEventListener("click", (event) => leave(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || room.matches) return;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    fit();
  });
  fit();
})();
// A box is a stop of the Tab key only where there is something to scroll, and then has a name.
(() => {
  const boxes = [...document.querySelectorAll(".scroll")];
  const name = (box) => {
    const all = [...document.querySelectorAll("h1, h2, h3, h4, h5, .scroll")];
    const head = all.slice(0, all.indexOf(box)).findLast((element) => !element.matches(".scroll"));
    return head?.textContent.trim() ?? "";
  };
  const named = { tabindex: () => "0", role: () => "region", "aria-label": name };
  const fit = new ResizeObserver((changed) => changed.forEach(({ target }) => {
    const stop = target.scrollWidth > target.clientWidth;
    for (const [key, value] of Object.entries(named)) stop ? target.setAttribute(key, value(target)) : target.removeAttribute(key);
  }));
  boxes.forEach((box) => fit.observe(box));
})();
