"use strict";
// One point after the other: what is there? Answers are kept in this browser and saved as a table.
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const total = data.lines.length;
  const SIDE = data.side; // of a picture, in its pixels
  const names = data.classes.map((each) => each.name);
  const known = new Set([...names, data.unclear]);
  const answers = data.lines.map(() => "");
  let at = 0;

  let [lost, unsaved] = [false, false]; // whether the browser keeps nothing, and whether the table has more than was saved
  const answered = () => answers.filter(Boolean).length;
  const say = (text) => {
    $("status").textContent = lost ? `${text} This browser keeps nothing: save the table before you close the page.` : text;
  };
  const keep = () => {
    unsaved = true;
    try {
      localStorage.setItem(data.key, JSON.stringify(answers));
    } catch {
      lost = true;
    }
  };
  const remember = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(data.key) || "[]");
      answers.forEach((_, k) => { if (known.has(kept[k])) answers[k] = kept[k]; });
    } catch {
      lost = true;
    }
  };

  // ---- the table --------------------------------------------------------------------------------------------------
  const quoted = (text) => (/[",;\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const table = () => [data.head, ...data.lines.map((line, k) => `${line},${quoted(answers[k])}`)].join("\n") + "\n";
  const cells = (line, mark) => {
    const found = [];
    const cell = new RegExp(`^(?:"((?:[^"]|"")*)"|([^${mark}]*))(${mark}|$)`);
    for (let rest = line; rest !== null;) {
      const [all, inner, plain, end] = cell.exec(rest) || [rest, undefined, rest, ""];
      found.push((inner === undefined ? plain : inner.replaceAll('""', '"')).trim().replace(/\s+/g, " "));
      rest = end ? rest.slice(all.length) : null;
    }
    return found;
  };
  const meant = new Map(data.classes.map(({ name, id }) => [String(id), name]));
  const whole = (text) => text.replace(/\.0$/, "");
  const read = (text) => {
    const lines = text.replace(/^\ufeff/, "").replace(/^sep=.*/, "").split(/\r?\n/).filter((line) => line.trim());
    const count = (mark) => (lines[0] || "").split(mark).length;
    const mark = [",", ";", "\t"].reduce((best, each) => (count(each) > count(best) ? each : best));
    const heads = cells(lines[0] || "", mark).map((head) => head.toLowerCase());
    const [number, truth] = [heads.indexOf("point"), heads.indexOf("truth")];
    if (number < 0 || truth < 0) throw new Error("This is no table of points: it has no columns point and truth.");
    const found = answers.slice();
    lines.slice(1).map((line) => cells(line, mark)).filter((row) => row.some(Boolean)).forEach((row) => {
      const [k, said] = [Number(row[number]) - 1, row[truth] || ""];
      const name = known.has(said) ? said : meant.get(whole(said)) || said;
      if (!(k in found)) throw new Error(`There is no point ${row[number]}.`);
      if (name && !known.has(name)) throw new Error(`Point ${k + 1}: there is no class ${name}.`);
      if (name) found[k] = name;
    });
    return found;
  };
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([table()], { type: "text/csv" }));
    link.download = data.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    unsaved = false;
    say(`Saved with ${answered()} of ${total} answers.`);
  };
  const load = async (file) => {
    try {
      read(await file.text()).forEach((name, k) => { answers[k] = name; });
      keep();
      nextOpen();
      say(`${answered()} of ${total} points have an answer.`);
    } catch (error) {
      say(error.message);
    }
  };

  // ---- the point --------------------------------------------------------------------------------------------------
  // Where classes are called as digits, these are their keys: another one's would be pressed by mistake.
  const digits = names.some((name) => /^\d$/.test(name));
  const keyOf = (name, k) => (digits ? (/^\d$/.test(name) ? name : "") : k < 9 ? String(k + 1) : "");
  const buttons = [...names.map((name, k) => ({ name, text: name, color: data.classes[k].color, key: keyOf(name, k) })),
    { name: data.unclear, text: "Nobody can tell", key: "x" }].map((each) => {
    const button = document.createElement("button");
    button.type = "button";
    if (each.color) {
      const swatch = document.createElement("i");
      swatch.style.background = each.color;
      button.append(swatch);
    }
    button.append(each.text);
    if (each.key) button.append(Object.assign(document.createElement("kbd"), { textContent: each.key }));
    button.addEventListener("click", (event) => {
      choose(each.name);
      if (event.detail) button.blur(); // after a mouse, so that Enter does not answer for the next point
    });
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
    const [scale, seen] = [Number($("zoom").value), data.seen[at]];
    const side = SIDE / scale;
    $("picture").style.transform = `scale(${scale})`;
    $("mark").setAttribute("viewBox", [(SIDE - side) / 2, (SIDE - side) / 2, side, side].join(" "));
    if (seen) ["outer", "inner"].forEach((id) => $(id).setAttribute("d", around(seen.outline, scale)));
  };
  const draw = () => {
    const seen = data.seen[at];
    const [, x, y, longitude, latitude] = data.lines[at].split(",");
    ["picture", "mark"].forEach((id) => $(id).toggleAttribute("hidden", !seen));
    $("none").toggleAttribute("hidden", !!seen);
    if (seen) $("picture").src = seen.src;
    mark();
    $("picture").alt = `The ground around point ${at + 1}`;
    $("place").textContent = latitude ? `latitude ${latitude}, longitude ${longitude}; x ${x}, y ${y}` : x && `x ${x}, y ${y}`;
    $("point").value = at + 1;
    $("back").disabled = at === 0;
    $("next").disabled = at === total - 1;
    $("open").disabled = answered() === total;
    $("done").value = answered();
    buttons.forEach(({ name, button }) => button.setAttribute("aria-pressed", String(answers[at] === name)));
    say(`${answered()} of ${total} points have an answer${answered() === total ? ": save the table." : "."}`);
  };
  const go = (place) => {
    at = Math.min(Math.max(place, 0), total - 1);
    draw();
  };
  const nextOpen = () => {
    const order = answers.map((_, k) => (at + k) % total);
    go(order.find((k) => !answers[k]) ?? at);
  };
  const choose = (name) => {
    answers[at] = answers[at] === name ? "" : name; // once more takes it back
    keep();
    if (answers[at]) nextOpen();
    else draw();
  };

  $("back").addEventListener("click", () => go(at - 1));
  $("next").addEventListener("click", () => go(at + 1));
  $("open").addEventListener("click", nextOpen);
  $("point").addEventListener("change", () => go((Number($("point").value) || 1) - 1));
  $("zoom").addEventListener("change", mark);
  $("save").addEventListener("click", save);
  $("load").addEventListener("change", () => { if ($("load").files[0]) load($("load").files[0]); $("load").value = ""; });
  $("anew").addEventListener("click", () => {
    if (!answered() || !confirm(`Forget ${answered()} answers?`)) return;
    answers.fill("");
    keep();
    go(0);
  });
  ["point", "zoom"].forEach((id) => $(id).addEventListener("change", () => $(id).blur())); // keys are for classes again
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || /^(INPUT|SELECT)$/.test(event.target.tagName)) return;
    const key = event.key.toLowerCase();
    const pressed = buttons.find((each) => each.key === key);
    if (pressed) choose(pressed.name);
    else if (key === "arrowleft") go(at - 1);
    else if (key === "arrowright") go(at + 1);
    else if (key === "n") nextOpen();
    else return;
    event.preventDefault();
  });
  addEventListener("beforeunload", (event) => { if (lost && unsaved) event.preventDefault(); });
  remember();
  nextOpen();
})();
