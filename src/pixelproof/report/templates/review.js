// One image, or region of one, after the other: is its label right, or which class is it?
(() => {
  const data = JSON.parse($("data").textContent);
  const { questions, names } = data;
  const total = questions.length;
  const [OUT, UNCLEAR, IS] = ["out", "unclear", "is "]; // an answer is one of the first two, or "is CLASS"
  const known = new Set([...names, data.untellable].filter(Boolean).map((name) => IS + name));
  const masks = questions.some(({ region }) => region);
  const doubted = (k) => questions[k].given !== "";
  const fits = (k, answer) => known.has(answer) || answer === UNCLEAR || (answer === OUT && doubted(k));
  const classOf = (answer) => (answer.startsWith(IS) ? answer.slice(IS.length) : "");
  const keyed = calledByKeys(names); // these keys are classes, even where one is the label, or not offered
  const letters = [...keyed.keys()].some((key) => /\p{L}/u.test(key));
  const [RIGHT, LEAVE, CANNOT, HIDE, UNTELLABLE, LAYER] = letters ? ["=", "-", "?", "*", "!", "+"] : ["y", "l", "x", "b", "v", "o"];

  // ---- the tables -------------------------------------------------------------------------------------------------
  const joined = (lines) => lines.map((line) => `${line}\n`).join("");
  const row = (...texts) => texts.map(quoted).join(",");
  const answersTo = (wanted) => questions.flatMap((each, k) => (wanted(each, k) && page.answers[k] ? [[each, page.answers[k]]] : []));
  const corrections = () => joined([data.corrections.head, ...answersTo((_, k) => doubted(k)).filter(([, said]) => classOf(said))
    .map(([each, said]) => row(each.file, classOf(said), each.given, classOf(said) === each.given ? "found right" : data.reason,
      ...(each.region ? [each.region.outline, each.region.fingerprint] : [])))]);
  const once = (those) => those.filter(([{ file }, said], k) => said !== OUT || those.findIndex(([other, too]) => too === OUT && other.file === file) === k);
  const leaveOut = () => joined([data.leave_out.head, ...once(answersTo((_, k) => doubted(k)).filter(([, said]) => !classOf(said)))
    .map(([each, said]) => (said === OUT ? "" : "# ") + row(each.file, said === OUT ? "looked-at" : "cannot-tell", each.why))]);
  // A line of a table of labels; of one that was begun already, in its columns.
  const labelled = ({ columns, mark }, file, label) => columns.map((column) => quoted({ file, label, split: "train", other: "" }[column])).join(mark);
  const labels = (place) => data.tables[place].text + joined(answersTo((each) => each.table === place)
    .filter(([, said]) => classOf(said)).map(([each, said]) => labelled(data.tables[place], each.file, classOf(said))));
  const tables = [
    ...(questions.some((_, k) => doubted(k)) ? [{ file: data.corrections.file, text: corrections }, { file: data.leave_out.file, text: leaveOut }] : []),
    ...data.tables.map(({ file, folder }, k) => ({ file, of: ` of ${folder}`, text: () => labels(k) })),
  ];
  const meant = new Map(names.map((name) => [bare(name), name])); // as cells are read
  const read = (text) => {
    const heeded = text.split(/\r?\n/).map((line) => line.replace(/^# (?=.*,cannot-tell,)/, "")).filter((line) => !line.startsWith("#"));
    const { heads, rows } = readTable(heeded.join("\n"));
    const [file, label, reason, region, note] = ["filename", "label", "reason", "region", "note"].map((head) => heads.indexOf(head));
    if (file < 0) throw new Error("This table has no column filename.");
    const found = page.answers.slice();
    rows.forEach((cell) => {
      const called = questions.flatMap((each, k) => (bare(each.file) === cell[file] ? [k] : []));
      const fitting = called.filter((k) => doubted(k) === reason >= 0); // the tables of doubted labels have reasons
      const out = label < 0 && cell[reason] !== "cannot-tell";
      const same = ({ region: own, why }) => (region >= 0 ? bare(own.outline) === cell[region] : out || bare(why) === cell[note]);
      const those = masks ? called.filter((k) => same(questions[k])) : fitting.length ? fitting : called;
      if (those.length > 1 && !masks) throw new Error(`${cell[file]}: several images here are called so.`);
      those.forEach((k) => {
        const said = label >= 0 ? IS + (meant.get(cell[label]) ?? cell[label]) : cell[reason] === "cannot-tell" ? UNCLEAR : OUT;
        if (!fits(k, said)) throw new Error(`${cell[file]}: there is no class ${cell[label]}.`);
        found[k] = said;
      });
    });
    return found;
  };

  // ---- the answers ------------------------------------------------------------------------------------------------
  // An image that is left out is so at each of its regions, and is back when that is taken back at one of them.
  const choose = (answer) => {
    const at = page.place();
    const back = page.answers[at] === OUT;
    questions.forEach(({ file }, k) => {
      if (!masks || k === at || file !== questions[at].file) return;
      if (back && page.answers[k] === OUT) page.answers[k] = "";
      else if (answer === OUT && !back && !page.answers[k]) page.answers[k] = OUT;
    });
    page.choose(answer);
  };

  // ---- the image --------------------------------------------------------------------------------------------------
  const made = (tag, text = "", more = {}) => Object.assign(document.createElement(tag), { textContent: text, ...more });
  const picture = (image, { src, small }, alt) => {
    Object.assign(image, { src, alt });
    image.classList.toggle("small", small);
  };
  const captioned = ({ picture: seen, text }) => {
    const [figure, image] = [made("figure"), made("img")];
    picture(image, data.pictures[seen], text);
    figure.append(image, made("figcaption", text));
    return figure;
  };
  let [buttons, blind] = [[], false]; // whether what anybody says of the image is hidden
  const drawAnswers = (at) => {
    const { given: label, suggested, chances } = questions[at];
    const given = blind ? "" : label;
    const said = classOf(page.answers[at]);
    const likely = blind ? [] : [...new Set([suggested, ...chances.map(([name]) => name)])].filter((name) => name && name !== given);
    const offered = [...likely, ...names.filter((name) => name !== given && !likely.includes(name))].slice(0, data.offered);
    const keys = keysOf(offered, names);
    const color = (name) => data.colors[names.indexOf(name)];
    const right = given ? [{ answer: IS + given, text: `${given}: the ${masks ? "mask" : "label"} is right`, key: RIGHT, color: color(given) }] : [];
    const classes = offered.map((name, k) => ({ answer: IS + name, text: name === suggested && !blind ? `${name}: proposed` : name, key: keys[k], color: color(name) }));
    const typed = said && ![given, ...offered, data.untellable].includes(said) ? [{ answer: IS + said, text: said, key: "" }] : [];
    const nobody = data.untellable ? [{ answer: IS + data.untellable, text: "Nobody can tell: ignore this region", key: UNTELLABLE }] : [];
    const leave = label ? [{ answer: OUT, text: masks ? "Leave the whole image out" : "Leave it out", key: LEAVE }] : [];
    const others = [...nobody, ...leave, { answer: UNCLEAR, text: masks ? "I cannot tell" : "Cannot tell", key: CANNOT }];
    buttons = [];
    [["classes", [...right, ...classes, ...typed]], ["others", others]].forEach(([place, those]) => {
      const focused = [...$(place).children].indexOf(document.activeElement);
      $(place).replaceChildren(...those.map((each) => {
        const button = answerButton(each, () => choose(each.answer));
        button.setAttribute("aria-pressed", String(page.answers[at] === each.answer));
        buttons.push(each);
        return button;
      }));
      if (focused >= 0) $(place).children[Math.min(focused, those.length - 1)].focus(); // for who moves by the tab key
    });
  };
  const show = (at) => {
    const each = questions[at];
    picture($("picture"), data.pictures[each.picture], `Image ${at + 1}`);
    $("place").textContent = blind ? "" : each.place; // which may tell the label
    $("beside").toggleAttribute("hidden", blind || !each.twin);
    $("opinion").toggleAttribute("hidden", blind);
    $("blind").setAttribute("aria-pressed", String(blind));
    if (each.twin) {
      picture($("twin"), data.pictures[each.twin.picture], each.twin.text);
      $("other").textContent = each.twin.text;
    }
    if (masks) outlined.show(each.region, blind);
    $("question").textContent = blind ? "Which class is it?" : each.given ? `It is labelled ${each.given}. Which class is it?` : "It has no label. Which class is it?";
    $("why").textContent = each.why;
    $("says").replaceChildren(...each.chances.map(([name, chance, text]) => {
      const [line, cell, bar] = [made("tr"), made("td"), made("i")];
      bar.style.width = `${Math.round(chance * 100)}px`;
      cell.append(bar, text);
      line.append(made("th", name, { scope: "row" }), cell);
      return line;
    }));
    $("near").replaceChildren(...each.near.map(captioned));
    $("near-title").toggleAttribute("hidden", !each.near.length);
    $("typed").value = "";
    drawAnswers(at);
  };
  const press = (key) => {
    if (key === "/") return $("typed").focus(), true;
    if (key === HIDE) return turnBlind(), true;
    if (masks && key === LAYER) return lay(), true;
    const pressed = buttons.find((each) => each.key === key) || (keyed.has(key) ? { answer: IS + keyed.get(key) } : null);
    if (pressed) choose(pressed.answer);
    return Boolean(pressed);
  };
  const page = asking({ key: data.key, total, things: masks ? "regions" : "images", saving: "save the tables", tables, fits, show, press, read });

  const outlined = masks ? regions({ data, picture }) : null;
  const lay = (layer) => {
    outlined.turn(layer);
    page.go(page.place());
  };
  if (masks) {
    const called = ["nothing", "the mask", "what the model says"];
    $("layers").append(...outlined.layers.map((layer, k) => {
      const one = made("button", called[k], { type: "button", title: `${LAYER.toUpperCase()} goes on` });
      one.addEventListener("click", () => lay(layer));
      return one;
    }));
  }
  const turnBlind = () => {
    blind = !blind;
    page.go(page.place());
  };
  $("blind").addEventListener("click", turnBlind);
  $("blind").title = HIDE.toUpperCase();
  if (keyed.has("n")) $("open").removeAttribute("title");
  // What is typed is a class by its name, or by the beginning of one alone.
  const typed = (text) => {
    const lower = text.trim().toLowerCase();
    const begun = names.filter((name) => name.toLowerCase().startsWith(lower));
    return names.find((name) => name === text) || names.find((name) => name.toLowerCase() === lower) || (lower && begun.length === 1 ? begun[0] : "");
  };
  $("typed").addEventListener("keydown", (event) => {
    if (event.key === "Escape") $("typed").blur();
    if (event.key !== "Enter") return;
    const name = typed($("typed").value);
    if (!name) return page.say($("typed").value ? `There is no class ${$("typed").value}.` : "Type a class.");
    $("typed").blur();
    event.preventDefault();
    if (page.answers[page.place()] !== IS + name) choose(IS + name);
  });
  $("names").append(...names.map((name) => made("option", "", { value: name })));
  $("any").toggleAttribute("hidden", names.length <= data.offered + 1);

  const button = (place, text, act) => {
    const one = made("button", text, { type: "button" });
    one.addEventListener("click", act);
    $(place).append(one);
  };
  const [first, second] = [questions.findIndex((_, k) => doubted(k)), questions.findIndex((_, k) => !doubted(k))];
  if (first >= 0 && second >= 0) {
    button("parts", "Doubted labels", () => page.go(first));
    button("parts", "Without a label", () => page.go(second));
  }
  tables.forEach(({ file, of = "" }, table) => button("save", `Save ${file}${of}`, () => page.save(table)));
  page.start();
})();
