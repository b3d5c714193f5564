"use strict";
// A page that asks one question after the other: answers are kept in this browser, and saved as tables.
const $ = (id) => document.getElementById(id);

// ---- tables -------------------------------------------------------------------------------------------------------
const quoted = (text) => (/[",;\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const bare = (text) => text.trim().replace(/\s+/g, " ");
const cells = (line, mark) => {
  const found = [];
  const cell = new RegExp(`^(?:"((?:[^"]|"")*)"|([^${mark}]*))(${mark}|$)`);
  for (let rest = line; rest !== null;) {
    const [all, inner, plain, end] = cell.exec(rest) || [rest, undefined, rest, ""];
    found.push(bare(inner === undefined ? plain : inner.replaceAll('""', '"')));
    rest = end ? rest.slice(all.length) : null;
  }
  return found;
};
// The columns of a table, in lower case, and its rows, whatever separates the cells.
const readTable = (text) => {
  const lines = text.replace(/^\ufeff/, "").replace(/^sep=.*/, "").split(/\r?\n/).filter((line) => line.trim());
  const count = (mark) => (lines[0] || "").split(mark).length;
  const mark = [",", ";", "\t"].reduce((best, each) => (count(each) > count(best) ? each : best));
  const heads = cells(lines[0] || "", mark).map((head) => head.toLowerCase());
  return { heads, rows: lines.slice(1).map((line) => cells(line, mark)).filter((row) => row.some(Boolean)) };
};
const download = (name, text) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
};

// ---- answers ------------------------------------------------------------------------------------------------------
// A button that gives an answer: its text, and perhaps a colour and the key that does the same.
const answerButton = ({ text, color, key }, choose) => {
  const button = document.createElement("button");
  button.type = "button";
  if (color) {
    const swatch = document.createElement("i");
    swatch.style.background = color;
    button.append(swatch);
  }
  button.append(text);
  if (key) button.append(Object.assign(document.createElement("kbd"), { textContent: key }));
  button.addEventListener("click", (event) => {
    if (event.detail) button.blur(); // after a mouse, so that Enter does not answer the next question
    choose();
  });
  return button;
};
// The keys of those classes that are offered. Where some are called as digits, these are their keys: another one's would
// be pressed by mistake.
const keysOf = (offered, names = offered) => {
  const digits = names.some((name) => /^\d$/.test(name));
  return offered.map((name, k) => (digits ? (/^\d$/.test(name) ? name : "") : k < 9 ? String(k + 1) : ""));
};
// What such pages have in common: `fits(k, answer)` says whether one is an answer to question k, `show(k)` shows it,
// `press(key)` does what else a key stands for and returns whether there is such, and `read(text)` returns the answers
// with those of a saved table among them, or throws what is wrong with it. `tables` are those that can be saved: the
// `file` of each, and what its `text` is by now.
const asking = ({ key, total, things, saving, tables, fits, show, press, read }) => {
  const answers = new Array(total).fill("");
  let [at, lost, saved] = [0, false, []]; // whether the browser keeps nothing, and the texts that were saved
  const answered = () => answers.filter(Boolean).length;
  const say = (text) => {
    $("status").textContent = lost ? `${text} This browser keeps nothing: save the table before you close the page.` : text;
  };
  const keep = () => {
    try {
      localStorage.setItem(key, JSON.stringify(answers));
    } catch {
      lost = true;
    }
  };
  const remember = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(key) || "[]");
      answers.forEach((_, k) => { if (fits(k, kept[k])) answers[k] = kept[k]; });
    } catch {
      lost = true;
    }
  };
  const draw = () => {
    $("point").value = at + 1;
    $("back").disabled = at === 0;
    $("next").disabled = at === total - 1;
    $("open").disabled = answered() === total;
    $("done").value = answered();
    show(at);
    say(`${answered()} of ${total} ${things} have an answer${answered() === total ? `: ${saving}.` : "."}`);
  };
  const go = (place) => {
    at = Math.min(Math.max(place, 0), total - 1);
    draw();
  };
  const nextOpen = () => {
    const order = answers.map((_, k) => (at + k) % total);
    go(order.find((k) => !answers[k]) ?? at);
  };
  const choose = (answer) => {
    answers[at] = answers[at] === answer ? "" : answer; // once more takes it back
    keep();
    if (answers[at]) nextOpen();
    else draw();
  };
  const save = (table) => {
    saved[table] = tables[table].text();
    download(tables[table].file, saved[table]);
    say(`Saved with ${answered()} of ${total} answers.`);
  };
  const load = async (file) => {
    try {
      read(await file.text()).forEach((answer, k) => { answers[k] = answer; });
      keep();
      nextOpen();
      say(`${answered()} of ${total} ${things} have an answer.`);
    } catch (error) {
      say(error.message);
    }
  };

  $("back").addEventListener("click", () => go(at - 1));
  $("next").addEventListener("click", () => go(at + 1));
  $("open").addEventListener("click", nextOpen);
  $("point").addEventListener("change", () => go((Number($("point").value) || 1) - 1));
  $("point").addEventListener("change", () => $("point").blur()); // keys are for answers again
  $("load").addEventListener("change", () => { if ($("load").files[0]) load($("load").files[0]); $("load").value = ""; });
  $("anew").addEventListener("click", () => {
    if (!answered() || !confirm(`Forget ${answered()} answers?`)) return;
    answers.fill("");
    keep();
    go(0);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || /^(INPUT|SELECT)$/.test(event.target.tagName)) return;
    const pressed = event.key.toLowerCase();
    if (press(pressed)); // has been done
    else if (pressed === "arrowleft") go(at - 1);
    else if (pressed === "arrowright") go(at + 1);
    else if (pressed === "n") nextOpen();
    else return;
    event.preventDefault();
  });
  const unsaved = () => tables.some(({ text }, table) => text() !== saved[table]);
  addEventListener("beforeunload", (event) => { if (lost && unsaved()) event.preventDefault(); });
  const start = () => {
    saved = tables.map(({ text }) => text());
    remember();
    nextOpen();
  };
  return { answers, place: () => at, go, choose, save, say, start };
};
