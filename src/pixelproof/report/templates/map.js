// An interactive scatter plot: every image is a marker of its class's colour and shape.
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const { classes, ids, side, columns } = data;
  const count = ids.length;
  const canvas = $("map");
  const pen = canvas.getContext("2d");
  const PAGE = 240; // images listed at once
  const PICTURED = 150; // so few on the screen that each is shown as its picture
  const PICTURE = 40;
  const state = { by: "truth", isolated: null, found: null, lassoed: null, wrong: false, hovered: -1, listed: PAGE };
  const view = { scale: 1, x: 0, y: 0, width: 0, height: 0 };
  const drawing = { active: false, path: [] };
  let shown = [];
  let visible = new Uint8Array(count);

  // ---- which images are shown -------------------------------------------------------------------------------------
  const wrong = (i) => data.truth[i] !== data.predicted[i];
  const choose = () => {
    shown = [];
    for (let i = 0; i < count; i++) {
      const on = (state.isolated === null || data[state.by][i] === state.isolated) && (!state.found || state.found[i])
        && (!state.lassoed || state.lassoed[i]) && (!state.wrong || wrong(i));
      visible[i] = on ? 1 : 0;
      if (on) shown.push(i);
    }
    state.listed = PAGE;
    const all = shown.length === count;
    $("clear").disabled = all && state.isolated === null && !state.found && !state.lassoed && !state.wrong;
    $("status").textContent = all ? "" : `${shown.length.toLocaleString("en")} of ${count.toLocaleString("en")} images`;
    for (const button of $("classes").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.index) === state.isolated));
    }
    list();
    draw();
  };
  const isolate = (index) => {
    state.isolated = state.isolated === index ? null : index;
    choose();
  };
  const clear = () => {
    Object.assign(state, { isolated: null, found: null, lassoed: null, wrong: false });
    $("search").value = "";
    $("wrong").checked = false;
    choose();
  };

  // ---- the map ----------------------------------------------------------------------------------------------------
  const bounds = (() => {
    const ends = (values) => values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
    const [[left, right], [bottom, top]] = ["x", "y"].map((axis) => ends([...data[axis], ...data.beneath[axis]]));
    return { left, top, width: Math.max(right - left, 1e-9), height: Math.max(top - bottom, 1e-9) };
  })();
  const across = (x) => (x - bounds.left) * view.scale + view.x;
  const down = (y) => (bounds.top - y) * view.scale + view.y; // upwards, as in the printed figure
  const screenX = (i) => across(data.x[i]);
  const screenY = (i) => down(data.y[i]);
  const home = () => {
    view.scale = 0.92 * Math.min(view.width / bounds.width, view.height / bounds.height);
    view.x = (view.width - bounds.width * view.scale) / 2;
    view.y = (view.height - bounds.height * view.scale) / 2;
    view.whole = view.scale;
    draw();
  };
  const zoom = (factor, x = view.width / 2, y = view.height / 2) => {
    const scale = Math.min(Math.max(view.scale * factor, view.whole * 0.5), view.whole * 200);
    const change = scale / view.scale;
    Object.assign(view, { scale, x: x - (x - view.x) * change, y: y - (y - view.y) * change });
    draw();
  };
  const markerSize = () => {
    const base = Math.min(Math.max(420 / Math.sqrt(count), 2.4), 10);
    return Math.min(base * Math.pow(view.scale / view.whole, 0.35), 15);
  };
  // Markers are drawn once and stamped, which keeps 60,000 of them fluid.
  let stamps = { key: "" };
  const stampsFor = (size, ratio) => {
    const key = `${size.toFixed(1)} ${ratio}`;
    if (stamps.key === key) return stamps;
    const edge = Math.ceil((size + 4) * ratio);
    const stamp = (path, fill, stroke, width) => {
      const tile = document.createElement("canvas");
      tile.width = tile.height = edge;
      const ink = tile.getContext("2d");
      ink.translate(edge / 2, edge / 2);
      ink.scale((size / 11) * ratio, (size / 11) * ratio);
      ink.fillStyle = fill;
      ink.strokeStyle = stroke;
      ink.lineWidth = (width * 11) / size;
      ink.fill(new Path2D(path));
      ink.stroke(new Path2D(path));
      return tile;
    };
    stamps = {
      key,
      edge: edge / ratio,
      right: classes.map((c) => stamp(c.path, c.color, "rgb(255 255 255 / .8)", 0.5)),
      wrong: classes.map((c) => stamp(c.path, c.color, "#1f2328", 1.4)),
      faint: classes.map((c) => stamp(c.path, "#dde3e8", "rgb(255 255 255 / .8)", 0.5)),
    };
    return stamps;
  };
  let queued = false;
  const draw = () => {
    if (queued || !view.width) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      paint();
    });
  };
  const paint = () => {
    const ratio = window.devicePixelRatio || 1;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, view.width, view.height);
    const tiles = stampsFor(markerSize(), ratio);
    const half = tiles.edge / 2;
    const near = shown.filter((i) => onScreen(screenX(i), screenY(i)));
    const pictures = near.length <= PICTURED && $("sheet").naturalWidth > 0;
    view.reach = pictures ? PICTURE / 2 : 14;
    const stamp = (kind, i, x, y) => pen.drawImage(kind[data[state.by][i]], x - half, y - half, tiles.edge, tiles.edge);
    beneath(markerSize());
    for (let i = 0; i < count; i++) {
      const [x, y] = [screenX(i), screenY(i)];
      if (!visible[i] && onScreen(x, y)) stamp(tiles.faint, i, x, y);
    }
    for (const i of near) {
      const [x, y] = [screenX(i), screenY(i)];
      if (pictures) photograph(i, x, y);
      const shift = pictures ? -PICTURE / 2 : 0; // the marker moves to a corner of its picture
      stamp(wrong(i) ? tiles.wrong : tiles.right, i, x + shift, y + shift);
    }
    if (!pictures) labels(); // on which they would lie
    if (state.hovered >= 0) ring(state.hovered, markerSize());
    if (drawing.path.length > 1) outline();
  };
  // The images of the map on which these were placed.
  const beneath = (size) => {
    pen.fillStyle = "#d3dae0";
    pen.beginPath();
    data.beneath.x.forEach((value, i) => {
      const [x, y] = [across(value), down(data.beneath.y[i])];
      if (!onScreen(x, y)) return;
      pen.moveTo(x, y);
      pen.arc(x, y, size * 0.35, 0, 2 * Math.PI);
    });
    pen.fill();
  };
  const onScreen = (x, y) => x > -PICTURE && y > -PICTURE && x < view.width + PICTURE && y < view.height + PICTURE;
  const photograph = (i, x, y) => {
    const [left, top] = [x - PICTURE / 2, y - PICTURE / 2];
    pen.fillStyle = classes[data[state.by][i]].color;
    pen.fillRect(left - 2, top - 2, PICTURE + 4, PICTURE + 4);
    pen.imageSmoothingEnabled = false;
    pen.drawImage($("sheet"), (i % columns) * side, Math.floor(i / columns) * side, side, side, left, top, PICTURE, PICTURE);
  };
  const ring = (i, size) => {
    pen.beginPath();
    pen.arc(screenX(i), screenY(i), size * 0.75 + 4, 0, 2 * Math.PI);
    pen.lineWidth = 4;
    pen.strokeStyle = "#fff";
    pen.stroke();
    pen.lineWidth = 2;
    pen.strokeStyle = "#1f2328";
    pen.stroke();
  };
  const outline = () => {
    pen.beginPath();
    drawing.path.forEach(([x, y]) => pen.lineTo(x, y));
    pen.closePath();
    pen.fillStyle = "rgb(11 92 173 / .1)";
    pen.fill();
    pen.lineWidth = 1.5;
    pen.strokeStyle = "#0b5cad";
    pen.stroke();
  };
  const median = (values) => {
    values.sort((a, b) => a - b);
    const half = values.length / 2;
    return (values[Math.ceil(half) - 1] + values[Math.floor(half)]) / 2; // as in the printed figure
  };
  const places = {};
  const anchors = () => places[state.by] ??= classes.map((_, index) => {
    const mine = ids.map((_, i) => i).filter((i) => data[state.by][i] === index);
    if (!mine.length) return null;
    return { index, n: mine.length, x: median(mine.map((i) => data.x[i])), y: median(mine.map((i) => data.y[i])) };
  }).filter(Boolean).sort((a, b) => b.n - a.n || a.index - b.index);
  // The name where there is room, else the number; closer up there is more room.
  const labels = () => {
    const taken = [];
    const present = new Set(shown.map((i) => data[state.by][i]));
    pen.font = "600 13px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    for (const place of anchors()) {
      if (!present.has(place.index)) continue;
      const [x, y] = [across(place.x), down(place.y)];
      const { name, number } = classes[place.index];
      const text = [name, number].find((word) => {
        const width = pen.measureText(word).width / 2 + 3;
        const box = [x - width, y - 9, x + width, y + 9];
        const free = taken.every((b) => box[0] > b[2] || box[2] < b[0] || box[1] > b[3] || box[3] < b[1]);
        if (free) taken.push(box);
        return free;
      });
      if (!text) continue;
      pen.lineWidth = 4;
      pen.strokeStyle = "rgb(255 255 255 / .92)";
      pen.strokeText(text, x, y);
      pen.fillStyle = "#1f2328";
      pen.fillText(text, x, y);
    }
  };

  // ---- the card of one image --------------------------------------------------------------------------------------
  const sheet = $("sheet").src;
  const rows = Math.ceil(count / columns);
  const style = document.createElement("style");
  // One rule, not a background for each element: the sheet is long text that would be read anew for each.
  style.textContent = `.thumb { background-image: url("${sheet}");`
    + ` background-size: calc(var(--size) * ${columns}) calc(var(--size) * ${rows}) }`;
  document.head.append(style);
  const picture = (element, i) => {
    element.style.backgroundPosition =
      `calc(var(--size) * ${-(i % columns)}) calc(var(--size) * ${-Math.floor(i / columns)})`;
  };
  const called = (index) => {
    const { name, number } = classes[index];
    return name === number ? name : `${number} ${name}`;
  };
  const sure = (i) => (Number.isFinite(data.confidence[i]) ? `${(100 * data.confidence[i]).toFixed(0)}%` : "–");
  const spoken = (i) => `${ids[i]}, true class ${called(data.truth[i])}, predicted ${called(data.predicted[i])}, `
    + `confidence ${sure(i)}${wrong(i) ? ", wrong" : ""}`;
  const hover = (i, speak = false) => {
    if (state.hovered === i) return;
    state.hovered = i;
    $("card").hidden = i < 0;
    if (i >= 0) {
      picture($("card-thumb"), i);
      $("card-id").textContent = ids[i];
      $("card-truth").textContent = called(data.truth[i]);
      $("card-predicted").textContent = called(data.predicted[i]) + (wrong(i) ? " ✗" : " ✓");
      $("card-predicted").className = wrong(i) ? "wrong" : "";
      $("card-confidence").textContent = sure(i);
      const card = $("card");
      const x = Math.min(Math.max(screenX(i), 0), view.width);
      const y = Math.min(Math.max(screenY(i), 0), view.height);
      card.style.left = `${x + 18 + card.offsetWidth > view.width ? Math.max(x - 18 - card.offsetWidth, 4) : x + 18}px`;
      card.style.top = `${Math.min(Math.max(y - 40, 6), Math.max(view.height - card.offsetHeight - 6, 6))}px`;
      if (speak) $("status").textContent = spoken(i);
    }
    draw();
  };
  const nearest = (x, y, reach) => {
    let best = -1;
    let least = reach * reach;
    for (const i of shown) {
      const distance = (screenX(i) - x) ** 2 + (screenY(i) - y) ** 2;
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
  };
  const bring = (i) => {
    const [x, y] = [screenX(i), screenY(i)];
    if (x > 20 && y > 20 && x < view.width - 20 && y < view.height - 20) return;
    view.x += view.width / 2 - x;
    view.y += view.height / 2 - y;
  };

  // ---- lists ------------------------------------------------------------------------------------------------------
  const list = () => {
    const items = shown.slice(0, state.listed).map((i) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      const thumb = document.createElement("span");
      thumb.className = "thumb";
      picture(thumb, i);
      button.type = "button";
      button.dataset.image = i;
      button.className = wrong(i) ? "wrong" : "";
      button.title = spoken(i);
      button.setAttribute("aria-label", spoken(i));
      button.append(thumb);
      item.append(button);
      return item;
    });
    $("images").replaceChildren(...items);
    $("listed").textContent = shown.length > items.length ? `${items.length} of ${shown.length.toLocaleString("en")}` : shown.length;
    $("more").hidden = shown.length <= items.length;
  };
  const SVG = "http://www.w3.org/2000/svg";
  const legend = () => $("classes").replaceChildren(...classes.map((c, index) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const svg = document.createElementNS(SVG, "svg");
    const path = document.createElementNS(SVG, "path");
    const number = document.createElement("b");
    const name = document.createElement("span");
    svg.setAttribute("viewBox", "-6 -6 12 12");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", c.path);
    path.setAttribute("fill", c.color);
    svg.append(path);
    number.textContent = c.number;
    name.textContent = c.name === c.number ? "" : c.name;
    button.type = "button";
    button.title = called(index);
    button.dataset.index = index;
    button.append(svg, number, name);
    button.addEventListener("click", () => isolate(index));
    item.append(button);
    return item;
  }));

  // ---- hands ------------------------------------------------------------------------------------------------------
  const inside = (polygon, x, y) => {
    let odd = false;
    for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
      const [[ax, ay], [bx, by]] = [polygon[i], polygon[j]];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
    }
    return odd;
  };
  const setLasso = (on) => {
    drawing.active = on;
    drawing.path = [];
    $("lasso").setAttribute("aria-pressed", String(on));
    canvas.classList.toggle("lasso", on);
    draw();
  };
  const finishLasso = () => {
    if (drawing.path.length > 2) {
      state.lassoed = ids.map((_, i) => visible[i] === 1 && inside(drawing.path, screenX(i), screenY(i)));
    }
    setLasso(false);
    choose();
  };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const held = fingers();
  let pinched = false;
  canvas.addEventListener("pointerdown", (event) => {
    if (drawing.active && held.count()) return; // a second finger does not draw
    canvas.setPointerCapture(event.pointerId);
    held.down(event);
    pinched = held.count() > 1;
    if (drawing.active) drawing.path = [at(event)];
  });
  canvas.addEventListener("pointermove", (event) => {
    const move = held.move(event);
    if (!move) return hover(nearest(...at(event), view.reach));
    hover(-1);
    if (drawing.active) {
      drawing.path.push(at(event));
      return draw();
    }
    Object.assign(view, { x: view.x + move.x, y: view.y + move.y });
    return zoom(move.factor, ...at(move.about));
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!held.up(event) || held.count()) return;
    if (drawing.active) finishLasso();
    else if (!pinched) hover(nearest(...at(event), view.reach));
  });
  canvas.addEventListener("pointercancel", (event) => {
    held.up(event);
    drawing.path = [];
    draw();
  });
  canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hover(-1)); // a finger's tap ends so
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.0015), ...at(event));
  }, { passive: false });
  canvas.addEventListener("dblclick", (event) => zoom(2, ...at(event)));

  // An arrow key steps to the nearest image in its direction, so that every image can be had without a mouse.
  const step = (dx, dy) => {
    const from = state.hovered >= 0 && visible[state.hovered] ? state.hovered : -1;
    if (from < 0) return shown.length ? shown[0] : -1;
    let best = from;
    let least = Infinity;
    for (const i of shown) {
      const x = screenX(i) - screenX(from);
      const y = screenY(i) - screenY(from);
      const along = x * dx + y * dy;
      const across = Math.abs(x * dy - y * dx);
      if (i !== from && along > 0 && across <= along * 1.001 && along + 2 * across < least) [best, least] = [i, along + 2 * across];
    }
    return best;
  };
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (arrows[event.key]) {
      const i = step(...arrows[event.key]);
      if (i >= 0) bring(i);
      hover(i, true);
    } else if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
    else if (event.key === "0") home();
    else if (event.key === "Enter" && state.hovered >= 0) isolate(data[state.by][state.hovered]);
    else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (drawing.active) setLasso(false);
      else clear();
    } else if (event.key.toLowerCase() === "l" && !event.target.matches("input, select") && !event.ctrlKey && !event.metaKey) {
      setLasso(!drawing.active);
    }
  });
  $("search").addEventListener("input", () => {
    const text = $("search").value.trim().toLowerCase();
    state.found = text ? ids.map((id) => id.toLowerCase().includes(text)) : null;
    choose();
    if (text && shown.length) bring(shown[0]);
    hover(text && shown.length ? shown[0] : -1);
  });
  $("by").addEventListener("change", () => {
    state.by = $("by").value;
    choose();
  });
  $("wrong").addEventListener("change", () => {
    state.wrong = $("wrong").checked;
    choose();
  });
  $("lasso").addEventListener("click", () => setLasso(!drawing.active));
  $("in").addEventListener("click", () => zoom(1.5));
  $("out").addEventListener("click", () => zoom(1 / 1.5));
  $("home").addEventListener("click", home);
  $("clear").addEventListener("click", clear);
  $("more").addEventListener("click", () => {
    state.listed += PAGE;
    list();
  });
  for (const kind of ["pointerover", "focusin"]) {
    $("images").addEventListener(kind, (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const i = Number(button.dataset.image);
      bring(i);
      hover(i);
    });
  }

  new ResizeObserver(() => {
    const ratio = window.devicePixelRatio || 1;
    const first = !view.width;
    const box = canvas.getBoundingClientRect();
    Object.assign(view, { width: box.width, height: box.height });
    canvas.width = Math.round(box.width * ratio);
    canvas.height = Math.round(box.height * ratio);
    if (first) home();
    else draw();
  }).observe(canvas.parentElement);
  $("sheet").addEventListener("load", draw);
  legend();
  choose();
})();
