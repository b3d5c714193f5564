// One point after the other: what is there?
(() => {
  const data = JSON.parse($("data").textContent);
  const total = data.lines.length;
  const SIDE = data.side; // of a picture, in its pixels
  const names = data.classes.map((each) => each.name);
  const known = new Set([...names, data.unclear]);

  // ---- the table --------------------------------------------------------------------------------------------------
  const table = () => [data.head, ...data.lines.map((line, k) => `${line},${quoted(page.answers[k])}`)].join("\n") + "\n";
  const meant = new Map(data.classes.map(({ name, id }) => [String(id), name]));
  const whole = (text) => text.replace(/\.0$/, "");
  const read = (text) => {
    const { heads, rows } = readTable(text);
    const [number, truth] = [heads.indexOf("point"), heads.indexOf("truth")];
    if (number < 0 || truth < 0) throw new Error("This is no table of points: it has no columns point and truth.");
    const found = page.answers.slice();
    rows.forEach((row) => {
      const [k, said] = [Number(row[number]) - 1, row[truth] || ""];
      const name = known.has(said) ? said : meant.get(whole(said)) || said;
      if (!(k in found)) throw new Error(`There is no point ${row[number]}.`);
      if (name && !known.has(name)) throw new Error(`Point ${k + 1}: there is no class ${name}.`);
      if (name) found[k] = name;
    });
    return found;
  };

  // ---- the point --------------------------------------------------------------------------------------------------
  const keys = keysOf(names);
  const buttons = [...names.map((name, k) => ({ name, text: name, color: data.classes[k].color, key: keys[k] })),
    { name: data.unclear, text: "Nobody can tell", key: "x" }].map((each) => {
    const button = answerButton(each, () => page.choose(each.name));
    $("classes").append(button);
    return { ...each, button };
  });
  // The outline of the pixel, and four strokes towards it, for it may be smaller than they.
  const around = (outline, scale) => {
    const middle = [0, 1].map((axis) => outline.reduce((sum, corner) => sum + corner[axis], 0) / 4);
    const start = Math.max(...outline.map(([x, y]) => Math.hypot(x - middle[0], y - middle[1]))) + 2 / scale;
    const strokes = [[1, 0], [-1, 0], [0, 1], [0, -1]].map((way) =>
      [start, start + 9 / scale].map((far) => way.map((part, axis) => middle[axis] + part * far)).join(" L"));
    return `M${outline.join(" L")} Z M${strokes.join(" M")}`;
  };
  const mark = () => {
    const [scale, seen] = [Number($("zoom").value), data.seen[page.place()]];
    const side = SIDE / scale;
    $("picture").style.transform = `scale(${scale})`;
    $("mark").setAttribute("viewBox", [(SIDE - side) / 2, (SIDE - side) / 2, side, side].join(" "));
    if (seen) ["outer", "inner"].forEach((id) => $(id).setAttribute("d", around(seen.outline, scale)));
  };
  const show = (at) => {
    const seen = data.seen[at];
    const [, x, y, longitude, latitude] = data.lines[at].split(",");
    ["picture", "mark"].forEach((id) => $(id).toggleAttribute("hidden", !seen));
    $("none").toggleAttribute("hidden", !!seen);
    if (seen) $("picture").src = seen.src;
    mark();
    $("picture").alt = `The ground around point ${at + 1}`;
    $("place").textContent = latitude ? `latitude ${latitude}, longitude ${longitude}; x ${x}, y ${y}` : x && `x ${x}, y ${y}`;
    buttons.forEach(({ name, button }) => button.setAttribute("aria-pressed", String(page.answers[at] === name)));
  };
  const press = (key) => {
    const pressed = buttons.find((each) => each.key === key);
    if (pressed) page.choose(pressed.name);
    return Boolean(pressed);
  };
  const page = asking({ key: data.key, total, things: "points", saving: "save the table", tables: [{ file: data.file, text: table }], fits: (_, name) => known.has(name), show, press, read });
  $("zoom").addEventListener("change", () => { mark(); $("zoom").blur(); });
  $("save").addEventListener("click", () => page.save(0));
  page.start();
})();
