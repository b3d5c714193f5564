"use strict";
// The contents are a column beside the page where there is room, else a menu above it.
(() => {
  const menu = document.querySelector(".contents details");
  if (!menu) return;
  const room = matchMedia("(min-width: 1360px)"); // as in style.css
  const fit = () => { menu.open = room.matches; };
  room.addEventListener("change", fit);
  menu.addEventListener("click", (event) => event.target.closest("a") && fit());
  fit();
})();
