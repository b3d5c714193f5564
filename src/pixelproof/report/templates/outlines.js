// A region of an image: its outline over the image, the mask and what the model answers, and these over the image.
const regions = ({ data, picture }) => {
  const layers = ["", "mask", "answer"]; // what lies over the image
  let over = "";
  const drawn = ({ outline, left, top, width, height }, svg) => {
    svg.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
    svg.querySelectorAll("path").forEach((path) => path.setAttribute("d", outline));
    const around = svg.querySelector(".around"); // all but the region, a little darker
    if (around) around.setAttribute("d", `M${left} ${top}h${width}v${height}h${-width}z${outline}`);
  };
  const lay = (region, blind) => {
    const shown = blind ? "" : over;
    $("over").toggleAttribute("hidden", !shown);
    if (shown) picture($("over"), data.pictures[region[shown]], "");
    [...$("layers").children].forEach((button, k) => button.setAttribute("aria-pressed", String(layers[k] === over)));
  };
  const show = (region, blind) => {
    picture($("mask"), data.pictures[region.mask], "The mask");
    picture($("answer"), data.pictures[region.answer], "What the model says");
    document.querySelectorAll(".stage svg").forEach((svg) => drawn(region, svg));
    ["masked", "answered", "over-it"].forEach((part) => $(part).toggleAttribute("hidden", blind));
    lay(region, blind);
  };
  // The next layer, or this one.
  const turn = (layer = layers[(layers.indexOf(over) + 1) % layers.length]) => { over = layer; };
  return { layers, show, turn };
};
