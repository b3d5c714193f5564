// One image, what every model says of it, side by side.
(() => {
  const $ = (id) => document.getElementById(id);
  const DRAWN = 4096; // longest side of a canvas in pixels; of larger images every n-th pixel is drawn
  const PIXELS = 640; // narrower images are shown as the pixels they are
  const TOP = 5;
  const CLOSEST = 32; // times
  const POINT = "Point at the image to read a pixel.";
  const RAMP = [[64, 10, 84], [121, 27, 88], [178, 44, 92], [247, 140, 60], [255, 250, 214]]; // unsure to sure
  const VEIL = 0xd0ffffff; // over all but the class pointed at
  const DIFFERENT = [214, 0, 110];
  const state = { models: [], panels: [], layer: "overlay", picture: null, at: null, shown: null, group: [], differing: null, zoom: { scale: 1, left: 0, top: 0 }, asked: null, links: [], told: "" };

  // ---- small things -----------------------------------------------------------------------------------------------
  const make = (tag, className = "", text = "") => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.textContent = text;
    return element;
  };
  const sheet = (width, height) => Object.assign(document.createElement("canvas"), { width, height });
  const percent = (p) => (p > 0 && p < 0.0005 ? "<0.1%" : `${(100 * p).toFixed(1)}%`);
  const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
  const plural = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
  const say = (text) => { if ($("status").textContent !== text) $("status").textContent = text; }; // it is read out
  const tell = (text) => say(state.told = text); // which stands there again when no pixel is read any more
  const rgb = (color) => [1, 3, 5].map((place) => parseInt(color.slice(place, place + 2), 16));
  const segmenters = () => state.panels.filter((panel) => panel.classes);

  // ---- asking -----------------------------------------------------------------------------------------------------
  const answerOf = async (address, options) => {
    let reply;
    try {
      reply = await fetch(address, options);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error("the server does not answer; look whether it still runs");
    }
    if (reply.ok) return reply;
    const said = await reply.json().catch(() => ({}));
    throw new Error(said.error || `the server answered ${reply.status}; look at what it printed`);
  };
  const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const bitmapOf = (text) => createImageBitmap(new Blob([bytesOf(text)], { type: "image/png" }),
    { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const pictureOf = async (file, signal) => {
    try {
      return await createImageBitmap(file);
    } catch { // TIFF, for one, is shown by few browsers
      const reply = await answerOf("api/image", { method: "POST", body: file, signal });
      return createImageBitmap(await reply.blob());
    }
  };
  const open = async (file) => {
    state.asked?.abort();
    state.picture?.close();
    state.links.splice(0).forEach((link) => URL.revokeObjectURL(link));
    const asked = state.asked = new AbortController();
    const { signal } = asked;
    Object.assign(state, { picture: null, at: null, shown: null, differing: null, panels: state.models.map(panelOf) });
    $("empty").hidden = true;
    $("zooms").hidden = false;
    look(1, 0, 0);
    $("layers").hidden = $("opacities").hidden = !state.models.some((model) => model.task === "segmentation");
    $("panels").replaceChildren(...state.panels.map((panel) => panel.article));
    compare();
    $("choose").textContent = "Choose another image";
    const start = performance.now();
    const name = file.name || "the pasted image";
    try {
      // Shown as soon as the browser can read it; the models are asked either way and say what is wrong with it.
      const picture = pictureOf(file, signal).then((bitmap) => {
        if (!signal.aborted) show(bitmap);
      }).catch(() => {});
      for (const panel of state.panels) await ask(panel, file, signal, name);
      await picture;
      if (state.layer === "disagreement" && !state.group.length) choose("overlay");
      paint();
      const failed = state.panels.filter((panel) => panel.failed).length;
      const size = state.picture ? `, ${state.picture.width} × ${state.picture.height}` : "";
      tell(`${name}${size}: ${plural(state.panels.length - failed, "answer")} in ${seconds(start)}`
        + (failed ? `, ${plural(failed, "model")} could not answer` : ""));
    } catch (error) {
      if (error.name !== "AbortError") tell(error.message);
    }
  };
  const ask = async (panel, file, signal, name) => {
    const start = performance.now();
    const tick = () => { panel.state.textContent = `asking ${panel.model.name} … ${seconds(start)}`; };
    tell(`${name}: asking ${panel.model.name} …`);
    tick();
    const clock = setInterval(tick, 100);
    try {
      const address = `api/models/${encodeURIComponent(panel.model.name)}/predict`;
      const reply = await answerOf(address, { method: "POST", body: file, signal });
      const found = await reply.json();
      await (found.task === "segmentation" ? segmented : classified)(panel, found, name);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      panel.failed = true;
      panel.state.textContent = "";
      panel.body.replaceChildren(make("p", "notice", error.message));
      panel.body.firstChild.setAttribute("role", "alert");
    } finally {
      clearInterval(clock);
    }
  };

  // ---- panels -----------------------------------------------------------------------------------------------------
  const panelOf = (model) => {
    const panel = { model, article: make("article"), state: make("p", "state", "waiting"), body: make("div"), frame: make("div", "frame") };
    const heading = make("h2", "", model.name);
    panel.frame.hidden = true;
    panel.article.setAttribute("aria-label", model.name);
    panel.reading = make("p", "reading");
    panel.article.append(heading, panel.state, panel.reading, panel.frame, panel.body);
    panel.canvas = sheet(1, 1);
    panel.canvas.className = "still";
    panel.frame.append(panel.canvas);
    return panel;
  };
  const fit = (panel, width, height) => {
    const scale = Math.min(1, DRAWN / Math.max(width, height));
    const [wide, high] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
    if (panel.canvas.width !== wide || panel.canvas.height !== high) Object.assign(panel.canvas, { width: wide, height: high });
    panel.frame.style.setProperty("--ratio", width / height);
    $("panels").classList.toggle("wide", width > 2 * height);
    panel.frame.hidden = false;
    panel.size = { width, height, scale };
    place(panel);
  };
  // All panels show the same part of the image: it begins at these fractions of its width and height.
  const place = (panel) => {
    const { scale, left, top } = state.zoom;
    panel.canvas.style.transform = `translate(${-100 * scale * left}%, ${-100 * scale * top}%) scale(${scale})`;
    panel.canvas.classList.toggle("pixels", panel.canvas.width < PIXELS * scale);
    panel.canvas.classList.toggle("near", scale > 1);
  };
  const look = (scale, left, top) => {
    scale = Math.min(Math.max(scale, 1), CLOSEST);
    const [x, y] = [left, top].map((start) => Math.min(Math.max(start, 0), 1 - 1 / scale));
    state.zoom = { scale, left: x, top: y };
    state.panels.filter((panel) => panel.size).forEach(place);
    $("out").disabled = $("whole").disabled = scale === 1;
    $("in").disabled = scale === CLOSEST;
    if (state.at) point(state.at);
  };
  // What lies at a place of the frame, in fractions of it, stays there; what comes from elsewhere has moved by so much.
  const zoom = (factor, x = 0.5, y = 0.5, moved = [0, 0]) => {
    const { scale, left, top } = state.zoom;
    const next = Math.min(Math.max(scale * factor, 1), CLOSEST);
    look(next, left + (x - moved[0]) / scale - x / next, top + (y - moved[1]) / scale - y / next);
  };
  const show = (bitmap) => {
    state.picture = bitmap;
    for (const panel of state.panels) if (!panel.size) fit(panel, bitmap.width, bitmap.height);
    paint();
  };
  const classified = (panel, found, name) => {
    fit(panel, found.width, found.height);
    panel.state.textContent = `${found.seconds.toFixed(2)} s`;
    panel.reading.textContent = `${found.label.name}, ${percent(found.probability)} sure`;
    panel.canvas.setAttribute("role", "img");
    panel.canvas.setAttribute("aria-label", `${name}, which is ${found.label.name} by ${panel.model.name}`);
    const ranked = Object.entries(found.probabilities).sort((a, b) => b[1] - a[1]);
    const list = make("ul", "bars");
    list.append(...ranked.slice(0, TOP).map(bar));
    panel.body.replaceChildren(...lookedFor(panel.model, found.look_for), list);
    if (ranked.length > TOP) {
      const more = make("details");
      const rest = make("ul", "bars");
      rest.append(...ranked.slice(TOP).map(bar));
      more.append(make("summary", "", `${ranked.length - TOP} more`), rest);
      panel.body.append(more);
    }
    paint();
  };
  const lookedFor = ({ thresholds, rule }, reached) => {
    const kept = rule ? `Kept rule: ${rule.says}; ${rule.chosen}.` : "";
    if (!thresholds.length) return rule ? [make("p", "fine", `${kept} An image alone is not asked.`)] : [];
    const said = reached.length ? `Look for ${reached.join(", ")} in this image.` : "No class reaches its threshold.";
    const wanted = thresholds.map((each) => `${each.class} from probability ${each.probability} on`).join(", ");
    return [make("p", reached.length ? "notice" : "fine", `${said} ${kept || `Thresholds: ${wanted}.`}`)];
  };
  const bar = ([name, probability]) => {
    const item = make("li");
    const track = make("span", "track");
    const length = make("span");
    const label = make("span", "name", name);
    label.title = name;
    length.style.width = `${100 * probability}%`;
    track.append(length);
    item.append(label, track, make("b", "", percent(probability)));
    return item;
  };
  const segmented = async (panel, found, name) => {
    const [mask, sure] = await Promise.all([bitmapOf(found.mask), bitmapOf(found.confidence_map)]);
    fit(panel, found.width, found.height);
    panel.mask = drawn(mask, panel.canvas);
    panel.classes = classesOf(panel.mask, panel.model.classes);
    confident(panel, drawn(sure, panel.canvas));
    panel.state.textContent = `mean confidence ${percent(found.confidence)} · ${found.seconds.toFixed(2)} s`;
    panel.canvas.classList.remove("still");
    panel.cross = [make("i", "down"), make("i", "across")];
    panel.cross.forEach((line) => { line.hidden = true; });
    panel.frame.append(...panel.cross);
    panel.reading.textContent = POINT;
    const ranked = Object.entries(found.classes).sort((a, b) => b[1].pixels - a[1].pixels);
    const legend = make("ul", "legend");
    legend.setAttribute("aria-label", `Classes of ${panel.model.name}`);
    legend.append(...ranked.filter(([, c]) => c.pixels).map(([label, c]) => entry(panel, label, c)));
    const absent = ranked.filter(([, c]) => !c.pixels).map(([label]) => label);
    const link = make("a", "", "Download the mask");
    link.href = URL.createObjectURL(new Blob([bytesOf(found.mask)], { type: "image/png" }));
    state.links.push(link.href);
    link.download = `${name.replace(/\.\w+$/, "")}-${panel.model.name}.png`;
    panel.body.replaceChildren(legend, link);
    if (absent.length) link.before(make("p", "fine", `Not found: ${absent.join(", ")}`));
    const said = ranked.filter(([, c]) => c.pixels).map(([label, c]) => `${percent(c.share)} ${label}`).join(", ");
    listen(panel, `${name} by ${panel.model.name}: ${said}. Arrow keys move a crosshair through all panels.`);
    compare();
    paint();
  };
  const entry = (panel, name, { share, pixels }) => {
    const item = make("li");
    const button = make("button");
    const swatch = make("span", "swatch");
    const label = make("span", "name", name);
    button.type = "button";
    label.title = name;
    swatch.style.background = panel.model.classes.find((c) => c.name === name).color;
    button.title = `${plural(pixels, "pixel")}; point here to see where`;
    button.append(swatch, label, make("b", "", percent(share)));
    for (const event of ["pointerenter", "focus"]) button.addEventListener(event, () => highlight(name));
    for (const event of ["pointerleave", "blur"]) button.addEventListener(event, () => highlight(null));
    item.append(button);
    return item;
  };

  // ---- pixels -----------------------------------------------------------------------------------------------------
  const drawn = (bitmap, { width, height }) => {
    const canvas = sheet(width, height);
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.imageSmoothingEnabled = false; // mixed colours would be those of other classes
    pen.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    return canvas;
  };
  const dataOf = (canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const classesOf = (canvas, classes) => {
    const places = new Map(classes.map((c, place) => [rgb(c.color).reduce((sum, part) => 256 * sum + part, 0), place]));
    const data = dataOf(canvas);
    const found = new Uint8Array(data.length / 4);
    for (let i = 0, p = 0; i < found.length; i++, p += 4) {
      found[i] = places.get(65536 * data[p] + 256 * data[p + 1] + data[p + 2]) ?? 255;
    }
    return found;
  };
  const confident = (panel, canvas) => {
    const pen = canvas.getContext("2d");
    const image = pen.getImageData(0, 0, canvas.width, canvas.height);
    const colors = Array.from({ length: 256 }, (_, value) => {
      const place = (value / 255) * (RAMP.length - 1);
      const [low, high] = [RAMP[Math.floor(place)], RAMP[Math.ceil(place)]];
      return low.map((part, k) => part + (high[k] - part) * (place % 1));
    });
    panel.sure = new Uint8Array(panel.classes.length);
    for (let i = 0, p = 0; i < panel.sure.length; i++, p += 4) {
      panel.sure[i] = image.data[p];
      [image.data[p], image.data[p + 1], image.data[p + 2]] = colors[panel.sure[i]];
    }
    pen.putImageData(image, 0, 0);
    panel.confidence = canvas;
  };
  const marked = (panel, color, chosen) => {
    const canvas = sheet(panel.canvas.width, panel.canvas.height);
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(canvas.width, canvas.height);
    const words = new Uint32Array(image.data.buffer);
    for (let i = 0; i < words.length; i++) if (chosen(i)) words[i] = color;
    pen.putImageData(image, 0, 0);
    return canvas;
  };
  // Segmenters are compared where they know the same classes by name.
  const namesOf = (panel) => JSON.stringify(panel.model.classes.map((c) => c.name).sort());
  const compare = () => {
    const all = segmenters();
    const group = all.map((panel) => all.filter((other) => namesOf(other) === namesOf(panel))).find((g) => g.length > 1) ?? [];
    const button = document.querySelector("[data-layer=disagreement]");
    $("agreement").hidden = button.hidden = group.length === 0;
    state.group = group;
    if (!group.length) return;
    const places = new Map(group[0].model.classes.map((c, place) => [c.name, place]));
    const tables = group.map((panel) => panel.model.classes.map((c) => places.get(c.name)));
    const count = group[0].classes.length;
    const differs = new Uint8Array(count);
    let different = 0;
    for (let i = 0; i < count; i++) {
      const first = tables[0][group[0].classes[i]];
      if (group.some((panel, k) => tables[k][panel.classes[i]] !== first)) {
        differs[i] = 1;
        different++;
      }
    }
    const [red, green, blue] = DIFFERENT;
    state.differing = marked(group[0], (255 << 24 | blue << 16 | green << 8 | red) >>> 0, (i) => differs[i]);
    const names = group.map((panel) => panel.model.name);
    const called = `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
    const of = group[0].size.scale < 1 ? `a sample of ${plural(count, "pixel")}` : "pixels";
    $("agreement").textContent = `${called} agree on ${percent(1 - different / count)} of ${of}.`;
  };

  // ---- drawing ----------------------------------------------------------------------------------------------------
  let queued = false;
  const paint = () => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      state.panels.filter((panel) => panel.size).forEach(paintOne);
    });
  };
  const paintOne = (panel) => {
    const { width, height } = panel.canvas;
    const pen = panel.canvas.getContext("2d");
    const compared = state.layer !== "disagreement" || state.group.includes(panel);
    const layer = !panel.classes ? "image" : compared ? state.layer : "overlay";
    pen.clearRect(0, 0, width, height);
    if (state.picture && layer !== "mask" && layer !== "confidence") {
      pen.filter = layer === "disagreement" ? "grayscale(1) brightness(1.15)" : "none";
      pen.drawImage(state.picture, 0, 0, width, height);
      pen.filter = "none";
    }
    if (layer === "mask") pen.drawImage(panel.mask, 0, 0);
    if (layer === "confidence") pen.drawImage(panel.confidence, 0, 0);
    if (layer === "disagreement") pen.drawImage(state.differing, 0, 0);
    if (layer === "overlay") {
      pen.globalAlpha = $("opacity").value / 100;
      pen.drawImage(panel.mask, 0, 0);
      pen.globalAlpha = 1;
    }
    if (state.shown !== null && panel.classes) {
      const place = panel.model.classes.findIndex((c) => c.name === state.shown);
      pen.drawImage(marked(panel, VEIL, (i) => panel.classes[i] !== place), 0, 0);
    }
  };
  const choose = (layer) => {
    state.layer = layer;
    for (const button of document.querySelectorAll("[data-layer]")) {
      button.setAttribute("aria-pressed", String(button.dataset.layer === layer));
    }
    const words = { confidence: ["unsure", "sure"], disagreement: ["", "the models differ"] }[layer];
    $("key").hidden = !words;
    $("key").className = `key ${layer}`;
    if (words) $("key").replaceChildren(make("span", "", words[0]), make("i"), make("span", "", words[1]));
    paint();
  };
  const highlight = (name) => {
    state.shown = name;
    for (const button of document.querySelectorAll(".legend button")) {
      button.classList.toggle("on", button.querySelector(".name").textContent === name);
    }
    paint();
  };

  // ---- the crosshair ----------------------------------------------------------------------------------------------
  const point = (at, aloud = false) => {
    state.at = at;
    const said = segmenters().map((panel) => {
      const { width, height } = panel.canvas;
      panel.cross.forEach((line) => { line.hidden = !at; });
      if (!at) return panel.reading.textContent = POINT;
      const { scale, left, top } = state.zoom;
      panel.cross[0].style.left = `${100 * scale * ((at.x + 0.5) / width - left)}%`;
      panel.cross[1].style.top = `${100 * scale * ((at.y + 0.5) / height - top)}%`;
      const i = at.y * width + at.x;
      const name = panel.model.classes[panel.classes[i]]?.name ?? "no class";
      const [x, y] = [at.x, at.y].map((side) => Math.floor(side / panel.size.scale));
      panel.reading.textContent = `${name}, ${Math.round((100 * panel.sure[i]) / 255)}% sure at ${x}, ${y}`;
      return `${panel.model.name}: ${panel.reading.textContent}`;
    });
    if (aloud) say(said.join("; "));
    else if (!at) say(state.told);
  };
  // A crosshair that leaves what is seen takes the view along.
  const follows = () => {
    const [{ width, height }] = segmenters().map((panel) => panel.canvas);
    const { scale, left, top } = state.zoom;
    const [x, y] = [(state.at.x + 0.5) / width, (state.at.y + 0.5) / height];
    const seen = (place, start) => place > start && place < start + 1 / scale;
    if (!seen(x, left) || !seen(y, top)) look(scale, x - 0.5 / scale, y - 0.5 / scale);
  };
  const listen = (panel, label) => {
    const { canvas } = panel;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", label);
    const within = (value, size) => Math.min(Math.max(Math.floor(value), 0), size - 1);
    const follow = (event) => {
      const box = canvas.getBoundingClientRect();
      point({
        x: within(((event.clientX - box.left) / box.width) * canvas.width, canvas.width),
        y: within(((event.clientY - box.top) / box.height) * canvas.height, canvas.height),
      });
    };
    const held = fingers();
    const framed = (event) => {
      const box = panel.frame.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    canvas.addEventListener("pointermove", (event) => {
      const move = held.move(event);
      if (move) {
        const box = panel.frame.getBoundingClientRect();
        zoom(move.factor, ...framed(move.about), [move.x / box.width, move.y / box.height]);
      }
      if (held.count() < 2) follow(event);
    });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      held.down(event);
      if (held.count() < 2) follow(event);
    });
    for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, held.up);
    canvas.addEventListener("touchstart", (event) => {
      if (event.touches.length > 1) event.preventDefault(); // two fingers zoom, and the page stays
    }, { passive: false });
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return; // the page scrolls; a pinch on a touchpad comes with ctrl
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * 0.01), ...framed(event));
    }, { passive: false });
    canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && point(null));
    canvas.addEventListener("blur", () => point(null));
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const far = event.shiftKey ? 10 : 1;
      const from = state.at ?? { x: canvas.width >> 1, y: canvas.height >> 1 };
      point({ x: within(from.x + far * step[0], canvas.width), y: within(from.y + far * step[1], canvas.height) }, true);
      follows();
    });
  };

  // ---- hands ------------------------------------------------------------------------------------------------------
  const take = (files) => {
    if (!files?.length || !state.models.length) return;
    open(files[0]);
  };
  $("choose").addEventListener("click", () => $("file").click());
  document.querySelector(".drop").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", () => {
    take($("file").files);
    $("file").value = ""; // so that the same file can be chosen again
  });
  document.addEventListener("paste", (event) => take(event.clipboardData?.files));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    take(event.dataTransfer?.files);
  });
  const layers = [...document.querySelectorAll("[data-layer]")];
  layers.forEach((button) => button.addEventListener("click", () => choose(button.dataset.layer)));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (state.panels.length && { "+": 1, "-": 1, 0: 1 }[event.key]) {
      return event.key === "0" ? look(1, 0, 0) : zoom(event.key === "+" ? 2 : 0.5);
    }
    const button = layers[Number(event.key) - 1];
    if (button && !button.hidden && !$("layers").hidden) choose(button.dataset.layer);
  });
  $("in").addEventListener("click", () => zoom(2));
  $("out").addEventListener("click", () => zoom(0.5));
  $("whole").addEventListener("click", () => look(1, 0, 0));
  $("opacity").addEventListener("input", () => (state.layer === "overlay" ? paint() : choose("overlay")));

  // ---- at the start -----------------------------------------------------------------------------------------------
  const described = (model) => {
    const item = make("li");
    item.append(make("b", "", model.name));
    const about = `${model.model}, ${model.task}, ${plural(model.classes.length, "class", "classes")}`;
    item.append(make("span", "", model.backend === "torch" ? about : `${about}, computed by ${model.backend}`));
    return item;
  };
  choose(state.layer);
  answerOf("api/models").then((reply) => reply.json()).then(({ models }) => {
    state.models = models;
    $("served").textContent = `Pixelproof serves ${plural(models.length, "model")}: ${models.map((m) => m.name).join(", ")}`;
    $("models").replaceChildren(...models.map(described));
  }).catch((error) => { $("served").textContent = error.message; });
})();
