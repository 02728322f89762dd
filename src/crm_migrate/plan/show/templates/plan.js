(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("data").textContent), texts = data.texts;
  var SIZE = 100, PRINTED = 500, page = 0, fitting = [], words = {};
  function el(id) { return document.getElementById(id); }
  var search = el("search"), entity = el("entity"), action = el("action"), reason = el("reason"),
    body = el("rows"), count = el("count"), before = el("before"), after = el("after"), printed = el("printed");

  function escaped(text) {
    return String(text).replace(/[&<>"]/g, function (c) { return { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }[c]; });
  }
  function told(n) {
    if (!(n in words)) {
      var r = data.rows[n], parts = [r[2], r[3] && "#" + r[3], texts[r[4]], r[5]];
      r[6].forEach(function (c) { parts.push(texts[c[0]], c[1], c[2], texts[c[3]]); });
      words[n] = parts.join(" ").toLowerCase();
    }
    return words[n];
  }
  // What is equal at both ends stays plain, the middle is marked; where little is equal, nothing is.
  function marked(old, now) {
    var a = Array.from(old), b = Array.from(now), start = 0, end = 0, least = Math.min(a.length, b.length);
    while (start < least && a[start] === b[start]) start++;
    while (end < least - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
    if (!old || !now || (start + end) * 3 < least) return [escaped(old), escaped(now)];
    return [a, b].map(function (c) {
      var middle = c.slice(start, c.length - end).join("");
      return escaped(c.slice(0, start).join("")) + (middle && '<span class="changed">' + escaped(middle) + "</span>") +
        escaped(c.slice(c.length - end).join(""));
    });
  }
  function cell(c, kind, told) {
    var label = '<i>' + escaped(texts[c[0]]) + "</i>", origin = c[3] && !told ? "<small>" + escaped(texts[c[3]]) + "</small>" : "";
    if (c[4]) return '<span class="cell">' + label + '<span class="kept">' + escaped(c[1]) + " (" + escaped(body.dataset.kept) + ")</span></span>";
    if (kind === "delete") return '<span class="cell">' + label + "<del>" + escaped(c[1]) + "</del></span>";
    var pair = marked(c[1], c[2]);
    return '<span class="cell">' + label + (c[1] ? "<del>" + pair[0] + "</del> → " : "") +
      "<ins>" + (c[2] ? pair[1] : "∅") + "</ins>" + (kind === "insert" ? "" : origin) + "</span>";
  }
  function row(n) {
    var r = data.rows[n], kind = data.actions[r[1]][0];
    var why = texts[r[4]] + (r[5] ? ": " + r[5] : ""), origin = r[6].length ? r[6][0][3] : 0;
    // Where all cells come from one place, it is told once.
    var one = origin && r[6].every(function (c) { return c[3] === origin; });
    if (one && kind !== "insert") why += " · " + texts[origin];
    var cells = r[6].map(function (c) { return cell(c, kind, one); }).join("");
    return '<tr class="op ' + kind + '" data-action="' + kind + '"><td class="what"><span class="badge">' +
      escaped(data.actions[r[1]][1]) + "</span><small>" + escaped(data.entities[r[0]][1]) + '</small></td><td class="who"><b>' +
      escaped(r[2]) + "</b>" + (r[3] ? "<small>#" + escaped(r[3]) + "</small>" : "") + '</td><td class="cells"><small class="why">' +
      escaped(why) + "</small>" + cells + "</td></tr>";
  }
  function draw(from, to) {
    body.innerHTML = fitting.slice(from, to).map(row).join("");
  }
  function show() {
    var pages = Math.max(1, Math.ceil(fitting.length / SIZE)), from = page * SIZE, to = Math.min(from + SIZE, fitting.length);
    draw(from, to);
    count.textContent = fitting.length ? (from + 1).toLocaleString() + "–" + to.toLocaleString() + " / " + fitting.length.toLocaleString() : "0";
    before.disabled = page === 0;
    after.disabled = page >= pages - 1;
  }
  function filter() {
    var wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    fitting = [];
    data.rows.forEach(function (r, n) {
      if (entity.value && data.entities[r[0]][0] !== entity.value) return;
      if (action.value && data.actions[r[1]][0] !== action.value) return;
      if (reason.value && String(r[4]) !== reason.value) return;
      if (wanted.length) {
        var text = told(n);
        if (!wanted.every(function (w) { return text.indexOf(w) >= 0; })) return;
      }
      fitting.push(n);
    });
    page = 0;
    show();
  }
  function options(select, found) {
    found.forEach(function (o) {
      var option = document.createElement("option");
      option.value = o[0];
      option.textContent = o[1];
      select.appendChild(option);
    });
  }
  var used = {}, reasons = {};
  data.rows.forEach(function (r) {
    used[r[1]] = (used[r[1]] || 0) + 1;
    reasons[r[4]] = (reasons[r[4]] || 0) + 1;
  });
  options(entity, data.entities.filter(function (e) { return e[3]; }).map(function (e) { return [e[0], e[1] + " (" + e[3].toLocaleString() + ")"]; }));
  options(action, data.actions.filter(function (a, n) { return used[n]; }).map(function (a) { return a; }));
  options(reason, Object.keys(reasons).sort(function (a, b) { return reasons[b] - reasons[a]; }).map(function (r) {
    return [r, texts[r] + " (" + reasons[r].toLocaleString() + ")"];
  }));
  var waiting;
  search.addEventListener("input", function () { clearTimeout(waiting); waiting = setTimeout(filter, data.rows.length > 5000 ? 200 : 0); });
  [entity, action, reason].forEach(function (e) { e.addEventListener("input", filter); });
  before.addEventListener("click", function () { page--; show(); });
  after.addEventListener("click", function () { page++; show(); });
  [].forEach.call(document.querySelectorAll("[data-to]"), function (b) {
    b.addEventListener("click", function () { el(b.dataset.to).scrollIntoView(); });
  });
  window.addEventListener("beforeprint", function () {
    draw(0, PRINTED);
    printed.hidden = fitting.length <= PRINTED;
  });
  window.addEventListener("afterprint", show);
  filter();
})();
