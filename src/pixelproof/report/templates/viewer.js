// Enlarges pictures; arrow keys and buttons step through those of the same group, so that masks can be compared in place.
(() => {
  const viewer = document.getElementById("viewer");
  const large = viewer.querySelector("img");
  const caption = viewer.querySelector("figcaption");
  const steps = viewer.querySelectorAll(".step");
  let group = [];
  let place = 0;

  const show = (index) => {
    place = (index + group.length) % group.length;
    const image = group[place].querySelector("img");
    large.src = image.src;
    large.alt = image.alt;
    large.style.setProperty("--ratio", image.naturalWidth / image.naturalHeight);
    for (const kind of ["photo", "flat"]) large.classList.toggle(kind, group[place].closest(`.${kind}`) !== null);
    caption.textContent = image.alt;
  };

  const open = (button) => {
    const box = button.closest("[data-group]");
    group = box ? [...box.querySelectorAll(".zoom")] : [button];
    steps.forEach((step) => { step.hidden = group.length < 2; });
    show(group.indexOf(button));
    viewer.showModal();
  };

  document.querySelectorAll(".zoom").forEach((button) => button.addEventListener("click", () => open(button)));
  viewer.querySelector(".close").addEventListener("click", () => viewer.close());
  steps.forEach((step) => step.addEventListener("click", () => show(place + Number(step.dataset.step))));
  viewer.addEventListener("click", (event) => {
    if (event.target === viewer) viewer.close();
  });
  viewer.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) show(place + step);
  });
})();
