// Lays two pictures of one image over each other, with a divider to drag.
(() => {
  const choices = (article) =>
    [...article.querySelectorAll(".zoom img")].map((image) => {
      const caption = image.closest("figure").querySelector("figcaption");
      return { src: image.src, alt: image.alt, name: caption ? caption.textContent : image.alt };
    });

  const fill = (select, pictures, chosen) => {
    select.append(...pictures.map((picture, index) => new Option(picture.name, index, false, index === chosen)));
  };

  document.querySelectorAll(".versus").forEach((box) => {
    const pictures = choices(box.closest("article"));
    const masks = pictures.flatMap((_, index) => (index > 1 && index % 2 === 0 ? [index] : []));
    const sides = [...box.querySelectorAll("select")];
    const images = [...box.querySelectorAll("img")];
    const divider = box.querySelector("input");
    const place = () => box.style.setProperty("--cut", `${divider.value}%`);
    // The first model's mask against the second's, or against the truth where there is no second.
    [masks[0], masks[1] ?? 1].forEach((chosen, side) => {
      const draw = () => {
        const picture = pictures[sides[side].value];
        images[side].src = picture.src;
        images[side].alt = picture.alt;
      };
      fill(sides[side], pictures, chosen);
      sides[side].addEventListener("change", draw);
      draw();
    });
    divider.addEventListener("input", place);
    place();
    box.hidden = false;
  });
})();
