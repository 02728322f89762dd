(function () {
  var search = document.getElementById("search"), entity = document.getElementById("entity"),
    action = document.getElementById("action"), count = document.getElementById("count");
  var blocks = [].slice.call(document.querySelectorAll(".entity")).map(function (block) {
    return {
      block: block, name: block.dataset.entity,
      rows: [].slice.call(block.querySelectorAll("tr.op")).map(function (row) {
        return { row: row, action: row.dataset.action, text: row.textContent.toLowerCase() };
      })
    };
  });
  function filter() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    blocks.forEach(function (b) {
      var here = 0;
      b.rows.forEach(function (r) {
        var ok = (!entity.value || entity.value === b.name) && (!action.value || action.value === r.action) &&
          words.every(function (w) { return r.text.indexOf(w) >= 0; });
        r.row.hidden = !ok;
        if (ok) here++;
      });
      b.block.hidden = !here;
      shown += here;
    });
    count.textContent = shown.toLocaleString();
  }
  [search, entity, action].forEach(function (e) { e.addEventListener("input", filter); });
  filter();
})();
