// Convenience only: every page works without it.
"use strict";
(function () {
  // Characters left, for fields with a limit.
  document.querySelectorAll("textarea[maxlength],input[maxlength][data-count]").forEach(function (field) {
    var shown = document.createElement("p");
    shown.className = "note counter";
    field.insertAdjacentElement("afterend", shown);
    function count() {
      shown.textContent = "已写 " + field.value.length + " 字，最多 " + field.maxLength + " 字";
    }
    field.addEventListener("input", count);
    count();
  });

  // Names and sizes of chosen files.
  document.querySelectorAll("input[type=file]").forEach(function (field) {
    var shown = document.createElement("p");
    shown.className = "note";
    shown.setAttribute("role", "status");
    field.insertAdjacentElement("afterend", shown);
    field.addEventListener("change", function () {
      shown.textContent = Array.prototype.map.call(field.files, function (file) {
        return file.name + "（" + Math.max(1, Math.round(file.size / 1024)) + " KB）";
      }).join("、");
    });
  });

  // Row keys in work lists: arrows move between the links of rows, Home and End jump.
  document.querySelectorAll("[data-rows]").forEach(function (list) {
    var links = Array.prototype.slice.call(list.querySelectorAll("[data-row]"));
    list.addEventListener("keydown", function (event) {
      var at = links.indexOf(document.activeElement);
      var steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 };
      if (at < 0 || !(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey) { return; }
      var next = links[steps[event.key]];
      if (next) { event.preventDefault(); next.focus(); }
    });
  });

  // A login that will end, of itself or for want of a page opened, says so five minutes before.
  var ending = document.querySelector("[data-ends]");
  if (ending) {
    var whole = Date.parse(ending.getAttribute("data-ends")) - Date.now();
    var idle = Number(ending.getAttribute("data-idle")) * 1000;
    var left = Math.min(isNaN(whole) ? idle : whole, idle) - 300000;
    if (left > 0) {
      window.setTimeout(function () {
        ending.textContent = "本页很久没有操作，登录将在 5 分钟内结束。请先保存；结束后您填的内容会留在页面上，重新登录再提交即可。";
        ending.setAttribute("role", "alert");
      }, left);
    }
  }

  // What was changed and not saved is not left without a question; "changed": by an earlier press of one of its buttons.
  document.querySelectorAll("form[data-unsaved]").forEach(function (form) {
    var dirty = form.getAttribute("data-unsaved") === "changed";
    form.addEventListener("input", function () { dirty = true; });
    form.addEventListener("submit", function () { dirty = false; });
    window.addEventListener("beforeunload", function (event) {
      if (dirty) { event.preventDefault(); event.returnValue = ""; }
    });
  });

  // A form is sent once: a second press of the button does nothing.
  document.querySelectorAll("form[method=post]").forEach(function (form) {
    var sent = false;
    form.addEventListener("submit", function (event) {
      if (sent) { event.preventDefault(); }
      sent = true;
    });
    window.addEventListener("pageshow", function () { sent = false; });
  });
})();
