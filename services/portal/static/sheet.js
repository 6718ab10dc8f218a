// The draft of a catalogue as a spreadsheet: arrows, writing in cells, paste, undo, one save for everything.
// Without it the same page works by its links, buttons and forms; on narrow screens it leaves them alone.
"use strict";
(function () {
  const table = document.getElementById("sheet");
  if (!table || !table.dataset.save || window.matchMedia("(max-width: 39.99rem)").matches) { return; }
  const box = table.parentNode;
  const body = table.tBodies[0];
  const columns = table.dataset.columns.split("|").map(function (text) {
    const at = text.indexOf(":");
    return { field: text.slice(0, at), key: text.slice(at + 1) };
  });
  const labels = Array.prototype.map.call(body.querySelectorAll("tr[data-m]")[0].cells, function (td) { return td.dataset.label || ""; });
  const form = document.getElementById("acts");
  const said = document.getElementById("said");
  const refused = document.getElementById("refused");
  const foot = document.getElementById("foot");
  const TICK = "√";
  const YES = /^(√|✓|✔|是|有|y|yes|1|●|■|x|v)$/i;
  const NO = /^(|×|✗|否|无|n|no|0|-|—|□|〇|○)$/i;

  const cells = new Map(); // td → what it was, its markup then, what it is now
  const plans = new Map(); // tr → acts that are going to be done with it when saved
  let rows = [];
  let here = null;
  let editor = null;
  let past = [];
  let future = [];
  let sent = { text: "", id: "" };
  let leaving = false;
  let saving = false;

  // ---- what stands in a cell

  function column(td) { return columns[td.cellIndex - 1]; }
  function ticks(td) { const of = column(td); return Boolean(of && of.key && of.key !== "group"); }
  function readonly(td) { return !column(td) || td.hasAttribute("data-ro"); }
  function value(td) {
    const held = cells.get(td);
    if (held) { return held.now; }
    return (td.hasAttribute("data-v") ? td.getAttribute("data-v") : td.textContent).trim();
  }
  function tidy(td, text) {
    const plain = text.replace(/\r\n?/g, "\n").replace(/\u00a0/g, " ").trim();
    const of = column(td);
    if (of.field === "channels") { return plain.split(/[;；\n]+/).map(function (one) { return one.trim(); }).filter(Boolean).join("\n"); }
    if (ticks(td)) { return YES.test(plain) ? TICK : NO.test(plain) ? "" : null; }
    return of.key || of.field === "level1" || of.field === "level2" ? plain.replace(/\s*\n\s*/g, "") : plain;
  }
  function show(td, text) {
    td.textContent = text;
    const note = document.createElement("span");
    note.className = "hidden";
    note.textContent = "（已改，未保存）";
    td.appendChild(note);
  }
  function put(td, text) {
    const held = cells.get(td) || { was: value(td), html: td.innerHTML, now: "" };
    calm(td);
    if (text === held.was) {
      td.innerHTML = held.html;
      td.classList.remove("dirty");
      cells.delete(td);
      return;
    }
    held.now = text;
    cells.set(td, held);
    td.classList.add("dirty");
    show(td, text);
  }
  function field(tr, name) {
    const parts = [];
    let whole = null;
    columns.forEach(function (of, at) {
      if (of.field !== name) { return; }
      const text = value(tr.cells[at + 1]);
      if (!of.key) { whole = name === "channels" ? text.split("\n").join(";") : text; return; }
      if (of.key !== "group") { if (text) { parts.push(of.key); } return; }
      text.split(/[;；]+/).filter(Boolean).forEach(function (one) { parts.push(one === TICK ? "特定群体" : "特定群体:" + one); });
    });
    return whole === null ? parts.join(";") : whole;
  }
  function named(tr, name) {
    const found = Array.prototype.filter.call(tr.cells, function (td) { return column(td) && column(td).field === name; });
    return found.find(function (td) { return cells.has(td); }) || found[0] || null;
  }

  // ---- history: every change is a list of steps that can be taken back

  function take(steps, back) {
    (back ? steps.slice().reverse() : steps).forEach(function (step) {
      if (step.td) { put(step.td, back ? step.before : step.after); }
      else if (step.plan) { plan(step.plan, back ? step.before : step.after); }
      else if (back) { step.row.remove(); number(); }
      else { body.appendChild(step.row); number(); }
    });
    count();
  }
  function change(steps) {
    const real = steps.filter(function (step) { return !step.td || step.before !== step.after; });
    if (!real.length) { return 0; }
    take(real, false);
    past.push(real);
    future = [];
    return real.length;
  }
  function write(td, text) { return { td: td, before: value(td), after: text }; }
  function unplan(td) {
    const tr = td.parentNode;
    const held = plans.get(tr);
    const left = (held || []).filter(function (one) { return one.fields.length && one.fields.indexOf(column(td).field) < 0; });
    return held && left.length !== held.length ? [{ plan: tr, before: held, after: left }] : [];
  }
  function undo() {
    if (editor) { return; }
    const steps = past.pop();
    if (!steps) { tell("没有可以撤销的。"); return; }
    take(steps, true);
    future.push(steps);
    goto(steps[0].td || (steps[0].plan && steps[0].plan.cells[columns.length + 1]) || here);
    tell("已撤销。" + waiting());
  }
  function redo() {
    const steps = future.pop();
    if (!steps) { return; }
    take(steps, false);
    past.push(steps);
    goto(steps[0].td || here);
    tell("已重做。" + waiting());
  }

  // ---- what the buttons of a row plan

  function plan(tr, list) {
    const cell = tr.cells[columns.length + 1];
    Array.prototype.forEach.call(cell.querySelectorAll(".planned"), function (one) { one.remove(); });
    Array.prototype.forEach.call(cell.querySelectorAll("button.do"), function (one) {
      const on = list.some(function (each) { return each.value === one.value; });
      one.setAttribute("aria-pressed", String(on));
    });
    if (!list.length) { plans.delete(tr); return; }
    plans.set(tr, list);
    const note = document.createElement("span");
    note.className = "planned";
    note.textContent = "将：" + list.map(function (one) { return one.label; }).join("；") + "（未保存）";
    cell.appendChild(note);
  }
  function press(button) {
    const tr = button.closest("tr");
    if (!tr.dataset.m) { discard(tr); return; }
    const told = button.value.split("|");
    const fields = told[3] ? told[3].split(",") : [];
    const held = plans.get(tr) || [];
    const one = { value: button.value, act: told[0], fields: fields, label: button.textContent };
    const off = held.some(function (each) { return each.value === one.value; });
    const left = held.filter(function (each) {
      return each.fields.length && fields.length && !each.fields.some(function (name) { return fields.indexOf(name) >= 0; });
    });
    const steps = [{ plan: tr, before: held, after: off ? left : left.concat([one]) }];
    if (!off) {
      cells.forEach(function (was, td) {
        const mine = td.parentNode === tr && (!fields.length || fields.indexOf(column(td).field) >= 0);
        if (mine) { steps.unshift({ td: td, before: was.now, after: was.was }); }
      });
    }
    change(steps);
    tell((off ? "已取消：" : "保存时将：") + one.label + "。" + waiting());
  }

  // ---- moving

  function number() {
    rows = Array.prototype.slice.call(body.querySelectorAll("tr[data-m]"));
    rows.forEach(function (tr, at) { tr.rowAt = at; });
  }
  function goto(td, quiet) {
    if (!td || !td.isConnected) { td = rows[0] && rows[0].cells[1]; }
    if (!td) { return; }
    if (here && here !== td) { here.removeAttribute("tabindex"); }
    here = td;
    td.tabIndex = 0;
    if (quiet) { return; }
    td.focus({ preventScroll: true });
    td.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  function step(down, right) {
    const at = here.parentNode.rowAt;
    const tr = rows[Math.max(0, Math.min(rows.length - 1, at + down))];
    goto(tr.cells[Math.max(0, Math.min(tr.cells.length - 1, here.cellIndex + right))]);
  }
  function inner(td) { return Array.prototype.slice.call(td.querySelectorAll("a,button")); }
  function still(root) {
    Array.prototype.forEach.call(root.querySelectorAll("a,button"), function (one) { one.tabIndex = -1; });
    Array.prototype.forEach.call(root.querySelectorAll("td[data-ro],td.rel"), function (one) { one.setAttribute("aria-readonly", "true"); });
  }

  // ---- writing in a cell

  function locked(td) {
    if (!readonly(td)) { return false; }
    tell(td.classList.contains("rel") ? "按 Enter 选这一行能做的事。" : "这一格现在不能改：请先在最后一栏决定这一项怎么办。");
    return true;
  }
  function toggle(td) {
    if (locked(td)) { return; }
    change(unplan(td).concat([write(td, value(td) ? "" : TICK)]));
    tell(waiting());
  }
  function open(td, empty) {
    if (locked(td)) { return; }
    if (ticks(td)) { toggle(td); return; }
    const at = td.getBoundingClientRect();
    const from = box.getBoundingClientRect();
    const area = document.createElement("textarea");
    area.className = "cell-editor";
    area.value = empty ? "" : value(td);
    area.setAttribute("aria-label", place(td) + "，Enter 确定，Esc 不改，Alt 加 Enter 换行");
    const width = Math.max(at.width, 200);
    area.style.left = Math.min(at.left - from.left + box.scrollLeft, box.scrollWidth - width) + "px";
    area.style.top = (at.top - from.top + box.scrollTop) + "px";
    area.style.width = width + "px";
    area.style.height = Math.max(at.height, 36) + "px";
    box.appendChild(area);
    editor = { td: td, area: area };
    area.addEventListener("input", grow);
    area.addEventListener("blur", function () { close(true); });
    area.focus({ preventScroll: true });
    area.setSelectionRange(area.value.length, area.value.length);
    grow();
  }
  function grow() {
    const area = editor.area;
    if (area.scrollHeight > area.clientHeight) { area.style.height = Math.min(area.scrollHeight + 6, 420) + "px"; }
  }
  function close(keep) {
    if (!editor) { return; }
    const was = editor;
    editor = null;
    was.area.remove();
    if (!keep) { tell("没有改。"); return; }
    const text = tidy(was.td, was.area.value);
    if (text !== value(was.td)) { change(unplan(was.td).concat([write(was.td, text)])); }
    tell(waiting());
  }
  function editing(event) {
    if (event.isComposing || event.keyCode === 229) { return; }
    if (event.key === "Escape") { event.preventDefault(); close(false); goto(here); }
    else if (event.key === "Enter" && (event.altKey || event.shiftKey)) {
      event.preventDefault();
      const area = editor.area;
      area.setRangeText("\n", area.selectionStart, area.selectionEnd, "end");
      grow();
    }
    else if (event.key === "Enter") { event.preventDefault(); close(true); step(1, 0); }
    else if (event.key === "Tab") { event.preventDefault(); close(true); step(0, event.shiftKey ? -1 : 1); }
    else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") { event.preventDefault(); close(true); goto(here); save(); }
  }

  // ---- keys

  function keys(event) {
    if (event.target.classList.contains("cell-editor")) { editing(event); return; }
    const control = event.ctrlKey || event.metaKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (control && key === "s") { event.preventDefault(); save(); return; }
    if (control && !typing && (key === "z" || key === "y")) {
      event.preventDefault();
      if (key === "y" || event.shiftKey) { redo(); } else { undo(); }
      return;
    }
    if (!table.contains(event.target)) { return; }
    const td = event.target.closest("td,th");
    if (event.target !== td) { within(event, td); return; }
    if (event.altKey || (control && key !== "Home" && key !== "End") || td !== here) { return; }
    const page = Math.max(1, Math.floor((window.innerHeight - 160) / Math.max(24, td.parentNode.offsetHeight)));
    const moves = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-page, 0], PageDown: [page, 0],
      Home: [control ? -Infinity : 0, -Infinity], End: [control ? Infinity : 0, Infinity],
    };
    if (key in moves) { event.preventDefault(); step(moves[key][0], moves[key][1]); return; }
    if (key === "Enter" || key === "F2") {
      event.preventDefault();
      if (column(td)) { open(td, false); } else if (inner(td)[0]) { inner(td)[0].focus(); } else { locked(td); }
      return;
    }
    if (key === " " && column(td) && ticks(td)) { event.preventDefault(); toggle(td); return; }
    if (!column(td) || readonly(td)) { return; }
    if (key === "Delete" || key === "Backspace") {
      event.preventDefault();
      change(unplan(td).concat([write(td, "")]));
      tell(waiting());
      return;
    }
    if (!ticks(td) && (event.key.length === 1 || event.keyCode === 229)) { open(td, true); }
  }
  function within(event, td) {
    const list = inner(td);
    const at = list.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1 }[event.key];
    if (event.key === "Escape") { event.preventDefault(); goto(td); }
    else if (to !== undefined) { event.preventDefault(); if (list[to]) { list[to].focus(); } }
    else if (event.key === "Tab") { goto(td); }
  }

  // ---- paste and copy

  function parse(text) {
    const lines = [[]];
    const plain = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
    let at = 0;
    while (at <= plain.length) {
      let cell = "";
      if (plain[at] === '"') {
        at += 1;
        while (at < plain.length) {
          if (plain[at] !== '"') { cell += plain[at]; at += 1; continue; }
          if (plain[at + 1] !== '"') { at += 1; break; }
          cell += '"';
          at += 2;
        }
      }
      while (at < plain.length && plain[at] !== "\t" && plain[at] !== "\n") { cell += plain[at]; at += 1; }
      lines[lines.length - 1].push(cell);
      if (at >= plain.length) { break; }
      if (plain[at] === "\n") { lines.push([]); }
      at += 1;
    }
    return lines;
  }
  function paste(event) {
    if (editor || !here || document.activeElement !== here) { return; }
    const text = event.clipboardData.getData("text/plain");
    if (!text) { return; }
    event.preventDefault();
    const block = parse(text);
    const top = here.parentNode.rowAt;
    const left = here.cellIndex;
    const steps = [];
    let skipped = 0, odd = 0, filled = 0, beyond = 0, above = "";
    block.forEach(function (line, down) {
      let tr = rows[top + down];
      if (!tr && !table.dataset.domain) { skipped += line.length; return; }
      if (!tr) { tr = blank(); rows.push(tr); steps.push({ row: tr }); }
      line.forEach(function (given, right) {
        const td = tr.cells[left + right];
        if (!td || !column(td)) { beyond += left + right && given.trim() ? 1 : 0; return; }
        if (readonly(td)) { skipped += 1; return; }
        let plain = tidy(td, given);
        if (plain === null) { odd += 1; return; }
        if (column(td).field === "level1") {
          if (!plain && above && block.length > 1) { plain = above; filled += 1; }
          above = plain;
        }
        steps.push.apply(steps, unplan(td));
        steps.push(write(td, plain));
      });
    });
    const over = rewritten(steps);
    const changed = change(steps);
    number();
    goto(here);
    tell(
      (changed ? "已粘贴。" + over : "粘贴的和现在一样，没有改。") + waiting() +
      (filled ? "一级事项空着的 " + filled + " 格照合并单元格填了上面的。" : "") +
      (beyond ? "右边多出的 " + beyond + " 格没有对应的栏，没有粘贴。" : "") +
      (skipped ? "跳过 " + skipped + " 格不能改的。" : "") +
      (odd ? "有 " + odd + " 格只能填 √ 或者空着，没有改。" : "")
    );
  }
  function rewritten(steps) {
    // what a block lays over matters that were there: easily unnoticed, most of all where it gives them another name
    const hit = steps.filter(function (one) { return one.td && one.td.parentNode.dataset.m && one.before !== one.after; });
    const matters = new Set(hit.map(function (one) { return one.td.parentNode; }));
    const renamed = new Set(hit.filter(function (one) {
      return one.before && (column(one.td).field === "level1" || column(one.td).field === "level2");
    }).map(function (one) { return one.td.parentNode; }));
    if (!matters.size) { return ""; }
    return "改了原有 " + matters.size + " 个事项的 " + hit.length + " 格" +
      (renamed.size ? "，其中事项名称改了 " + renamed.size + " 个" : "") + "；不是要改这些的，按“撤销”（Ctrl+Z）。";
  }
  function copy(event) {
    if (editor || !here || document.activeElement !== here || String(window.getSelection())) { return; }
    const text = column(here) ? value(here) : here.textContent.trim();
    event.clipboardData.setData("text/plain", /["\t\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text);
    event.preventDefault();
    tell("已复制这一格。");
  }

  // ---- new rows

  function blank() {
    const tr = document.createElement("tr");
    tr.className = "is-added";
    tr.dataset.m = "";
    tr.dataset.seen = "0";
    const head = document.createElement("th");
    head.scope = "row";
    head.className = "no";
    head.textContent = "新";
    tr.appendChild(head);
    columns.forEach(function (of, at) {
      const td = document.createElement("td");
      td.className = "f-" + of.field + (of.key && of.key !== "group" ? " tick" : "");
      td.dataset.label = labels[at + 1];
      tr.appendChild(td);
    });
    const last = document.createElement("td");
    last.className = "rel";
    last.innerHTML = '<span class="relation is-added">新增</span><button type="button" class="do" tabindex="-1" value="">去掉这一行</button>';
    last.setAttribute("aria-readonly", "true");
    tr.appendChild(last);
    return tr;
  }
  function add() {
    const tr = blank();
    const steps = [{ row: tr }];
    columns.forEach(function (of, at) {
      if (of.key === "全社会" || of.key === "主动") { steps.push({ td: tr.cells[at + 1], before: "", after: TICK }); }
    });
    change(steps);
    goto(tr.cells[1]);
    tell("已在表末加了一行，保存后生效。");
  }
  function discard(tr) {
    Array.prototype.forEach.call(tr.cells, function (td) { cells.delete(td); });
    past = past.map(function (steps) {
      return steps.filter(function (one) { return one.row !== tr && one.plan !== tr && !(one.td && one.td.parentNode === tr); });
    }).filter(function (steps) { return steps.length; });
    const next = rows[Math.max(0, tr.rowAt - 1)];
    future = [];
    tr.remove();
    number();
    count();
    goto(next.cells[1]);
    tell("已去掉新加的这一行。");
  }

  // ---- what is said

  function tell(text) { said.textContent = text; }
  function amount() {
    let of = cells.size;
    plans.forEach(function (list) { of += list.length; });
    return of;
  }
  function waiting() { const of = amount(); return of ? "有 " + of + " 处改动没有保存。" : "没有要保存的改动。"; }
  function count() {
    const of = amount();
    foot.classList.toggle("busy", of > 0);
    document.querySelector(".sheet-save").hidden = of === 0 && !past.length;
    document.getElementById("save").textContent = of ? "保存（" + of + " 处）" : "保存";
  }
  function place(td) {
    const tr = td.parentNode;
    const no = tr.cells[0].textContent.trim().split("：")[0];
    const named = table.dataset.domain ? "第 " + no + " 行" : "“" + tr.cells[2].textContent.trim() + "”";
    return (tr.dataset.m ? named : "新加的行") + " " + (td.dataset.label || "");
  }
  function calm(td) {
    td.classList.remove("wrong-cell");
    td.removeAttribute("aria-invalid");
    const old = td.querySelector(".wrong-says");
    if (old) { old.remove(); }
  }

  // ---- saving: everything as one command

  function collect() {
    const touched = new Map();
    cells.forEach(function (held, td) {
      const tr = td.parentNode;
      if (!touched.has(tr)) { touched.set(tr, new Set()); }
      touched.get(tr).add(column(td).field);
    });
    const edits = [];
    rows.forEach(function (tr) {
      const seen = Number(tr.dataset.seen);
      (plans.get(tr) || []).forEach(function (one) {
        const fields = {};
        one.fields.forEach(function (name) { fields[name] = ""; });
        edits.push({ tr: tr, told: { m: tr.dataset.m, seen: seen, act: one.act, fields: fields, reason: "" } });
      });
      if (!touched.has(tr)) { return; }
      const fields = {};
      touched.get(tr).forEach(function (name) { fields[name] = field(tr, name); });
      if (!tr.dataset.m) { fields.domain = table.dataset.domain; }
      edits.push({ tr: tr, told: { m: tr.dataset.m, seen: seen, act: tr.dataset.m ? "set" : "add", fields: fields, reason: "" } });
    });
    return edits;
  }
  function uuid() {
    const bytes = window.crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = Array.prototype.map.call(bytes, function (one) { return ("0" + one.toString(16)).slice(-2); }).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }
  function save() {
    close(true);
    const edits = collect();
    if (saving) { return; }
    if (!edits.length) { tell("没有要保存的改动。"); return; }
    const text = JSON.stringify(edits.map(function (one) { return one.told; }));
    if (sent.text !== text) { sent = { text: text, id: uuid() }; } // the same again is the same command
    saving = true;
    tell("正在保存……");
    send(text, edits, false);
  }
  function send(text, edits, again) {
    const data = new URLSearchParams();
    data.set("csrf", form.elements.csrf.value);
    data.set("command_id", sent.id);
    data.set("columns", table.dataset.columns);
    data.set("edits", text);
    window.fetch(table.dataset.save, { method: "POST", body: data, credentials: "same-origin" }).then(function (answer) {
      const json = (answer.headers.get("content-type") || "").indexOf("json") >= 0;
      if (json) { return answer.json().then(function (told) { saving = false; (answer.ok ? saved : wrong)(told, edits); }); }
      if ((answer.status === 401 || answer.status === 403) && !again) { return renew(text, edits); }
      return stuck(answer.status === 401 || answer.status === 403 ? "login" : answer.status === 413 ? "large" : "away");
    }).catch(function () { stuck("away"); });
  }
  function renew(text, edits) {
    // the login may have been renewed in another window: take the mark of its forms, and send again
    return window.fetch(window.location.href, { credentials: "same-origin" }).then(function (answer) { return answer.text(); }).then(function (page) {
      const found = new DOMParser().parseFromString(page, "text/html").querySelector("#acts input[name=csrf]");
      if (!found) { stuck("login"); return; }
      form.elements.csrf.value = found.value;
      send(text, edits, true);
    });
  }
  function stuck(why) {
    saving = false;
    const texts = {
      login: "没有保存：登录已经结束，或者您的角色变了。请在新窗口登录，回到这里再按“保存”；改的内容都还在。",
      large: "没有保存：一次改得太多。请先撤销一部分，分几次保存。",
      away: "没有保存：网络断了，或者系统没有应答。改的内容都还在，请过一会儿再按“保存”，不会重复保存。",
    };
    tell("");
    panel(why === "login" ? "没有保存：要重新登录" : "没有保存", function (list) {
      const li = item(list, texts[why]);
      if (why !== "login") { return; }
      const link = document.createElement("a");
      link.href = "/staff/login";
      link.target = "_blank";
      link.textContent = "在新窗口登录";
      li.appendChild(link);
    });
  }
  function saved(told, edits) {
    refused.hidden = true;
    if (told.reload) {
      leaving = true;
      const to = new URL(window.location.href);
      to.searchParams.set("done", "matters-saved");
      to.hash = "";
      window.location.assign(to);
      return;
    }
    const at = here ? { m: here.parentNode.dataset.m, column: here.cellIndex } : null;
    const focused = here && document.activeElement === here;
    cells.clear();
    plans.clear();
    past = [];
    future = [];
    Object.keys(told.rows).forEach(function (matter) { renewed(matter, told.rows[matter]); });
    document.getElementById("tabs").innerHTML = told.tabs;
    document.getElementById("waiting").innerHTML = told.waiting;
    number();
    const tr = at && document.getElementById("r-" + at.m);
    goto(tr ? tr.cells[at.column] : null, !focused);
    count();
    tell(told.said);
  }
  function renewed(matter, html) {
    const old = document.getElementById("r-" + matter);
    const made = document.createElement("template");
    made.innerHTML = "<table><tbody>" + html + "</tbody></table>";
    const tr = made.content.querySelector("tr");
    if (!old || !tr) { return; }
    old.replaceWith(tr);
    still(tr);
  }

  // ---- refusals, beside their cells

  function panel(title, fill) {
    refused.textContent = "";
    const head = document.createElement("h2");
    head.textContent = title;
    const list = document.createElement("ul");
    refused.appendChild(head);
    refused.appendChild(list);
    fill(list);
    refused.hidden = false;
    refused.setAttribute("role", "alert");
    refused.focus();
    refused.scrollIntoView({ block: "nearest" });
  }
  function item(list, text) {
    const li = document.createElement("li");
    li.appendChild(document.createTextNode(text));
    list.appendChild(li);
    return li;
  }
  function beside(td, text) {
    calm(td);
    if (!cells.has(td)) { td.setAttribute("data-v", value(td)); }
    const says = document.createElement("span");
    says.className = "wrong-says";
    says.textContent = text;
    td.classList.add("wrong-cell");
    td.setAttribute("aria-invalid", "true");
    td.appendChild(says);
  }
  function wrong(told, edits) {
    tell("");
    const list = told.refused;
    const open = new Map(); // tr → fields somebody else changed that are not decided yet
    Array.prototype.forEach.call(table.querySelectorAll(".wrong-cell"), calm);
    panel("没有保存，有 " + list.length + " 处要看", function (ul) {
      list.forEach(function (one) {
        const edit = edits[one.edit];
        const li = item(ul, "");
        const td = edit && (named(edit.tr, one.field) || edit.tr.cells[columns.length + 1]);
        if (td) {
          const link = document.createElement("a");
          link.href = "#sheet";
          link.textContent = place(td);
          link.addEventListener("click", function (event) { event.preventDefault(); goto(td); });
          li.appendChild(link);
          li.appendChild(document.createTextNode("："));
          beside(td, one.theirs === null || !one.field ? one.text : "别人已改为：" + one.theirs);
        }
        li.appendChild(document.createTextNode(one.text));
        if (one.article) { const cite = document.createElement("span"); cite.className = "article"; cite.textContent = one.article; li.appendChild(cite); }
        if (td && one.theirs !== null) { if (one.field) { choose(li, td, one, edit.tr, open); } else { forgo(li, edit.tr); } }
      });
    });
  }
  function offer(li, label, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain small-button";
    button.textContent = label;
    button.addEventListener("click", act);
    li.appendChild(button);
  }
  function forgo(li, tr) { // the row as a whole is not what it was
    offer(li, "不要我在这一行写的", function () {
      cells.forEach(function (held, td) { if (td.parentNode === tr) { put(td, held.was); } });
      plan(tr, []);
      past = [];
      future = [];
      item(refused.querySelector("ul"), "这一行已恢复成您打开时的样子；刷新本页看它现在的样子。");
      li.remove();
      Array.prototype.forEach.call(tr.cells, calm);
      goto(tr.cells[1]);
      count();
    });
  }
  function choose(li, td, one, tr, open) {
    if (!open.has(tr)) { open.set(tr, new Set()); }
    open.get(tr).add(one.field);
    const both = document.createElement("p");
    both.textContent = "现在是：" + (one.theirs || "（空）") + "　您写的：" + (field(tr, one.field) || "（空）");
    li.appendChild(both);
    function decided(text) {
      open.get(tr).delete(one.field);
      if (!open.get(tr).size) { tr.dataset.seen = String(one.seen); } // only now: nothing is overwritten unseen
      both.textContent = text;
      Array.prototype.forEach.call(li.querySelectorAll("button"), function (button) { button.remove(); });
      calm(td);
      goto(td);
      count();
    }
    offer(li, "用现在的", function () {
      if (!column(td).key) {
        cells.delete(td);
        const text = one.field === "channels" ? one.theirs.split(";").join("\n") : one.theirs;
        td.classList.remove("dirty");
        td.textContent = text;
        td.setAttribute("data-v", text);
      } else {
        cells.forEach(function (held, each) { if (each.parentNode === tr && column(each).field === one.field) { put(each, held.was); } });
      }
      past = [];
      future = [];
      decided("用了现在的：" + one.theirs);
    });
    offer(li, "用我写的", function () { decided("保存时以您写的为准。"); });
  }

  // ---- begin

  table.setAttribute("role", "grid");
  table.classList.add("live");
  box.removeAttribute("tabindex");
  still(table);
  number();
  goto(rows[0] && rows[0].cells[1], true);
  document.querySelector(".sheet-keys").hidden = false;
  document.addEventListener("keydown", keys);
  document.addEventListener("paste", paste);
  document.addEventListener("copy", copy);
  table.addEventListener("click", function (event) {
    const button = event.target.closest("button.do");
    if (button) { event.preventDefault(); press(button); return; }
    const td = event.target.closest("tr[data-m] td,tr[data-m] th");
    if (td && !event.target.closest("a")) { goto(td); }
  });
  table.addEventListener("dblclick", function (event) {
    const td = event.target.closest("tr[data-m] td");
    if (td && column(td)) { goto(td); open(td, false); }
  });
  document.getElementById("save").addEventListener("click", save);
  document.getElementById("undo").addEventListener("click", undo);
  const adding = document.getElementById("add-row");
  if (adding) { adding.addEventListener("click", function (event) { event.preventDefault(); add(); }); }
  window.addEventListener("beforeunload", function (event) {
    if (leaving || !amount()) { return; }
    event.preventDefault();
    event.returnValue = "";
  });
})();
