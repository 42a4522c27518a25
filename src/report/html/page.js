// The page behind `leastwise graph --format html`: columns of principals by their distance to what matters, search, a
// node's neighbourhood, and the shortest way between two nodes. It loads nothing; what the graph says is written as
// text only, never as markup. The address after `#` holds the view, so a view can be bookmarked:
// `#node=N&reach=2`, `#from=N&to=M`, `#hide=KIND,KIND`.
"use strict";
(() => {
  const graph = JSON.parse(document.getElementById("graph").textContent);
  const { nodes, edges } = graph;
  const at = (id) => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 210, HEIGHT = 34, ROW = 44, COLUMN = 330, TOP = 40;
  // How many rows a column shows at first, and how many alike are drawn as one.
  const PAGE = 40, ALIKE = 4;

  const outgoing = nodes.map(() => []), incoming = nodes.map(() => []);
  edges.forEach((edge, id) => {
    edge.id = id;
    outgoing[edge.from].push(edge);
    incoming[edge.to].push(edge);
  });
  const kinds = new Map(graph.edge_kinds.map((kind) => [kind.id, kind]));
  // Where there are several clouds, each box says which it belongs to.
  const clouds = new Set(nodes.map((node) => node.cloud));
  const goals = nodes.flatMap((node, id) => (node.goal ? [id] : []));

  // What is shown: the overview, a node with its neighbourhood, or a way between two nodes.
  const state = { node: null, from: null, to: null, reach: 2, hidden: new Set(), opened: new Set(), pages: new Map() };

  // ---- Walks -------------------------------------------------------------------------------------------------------

  const visible = (edge) => !state.hidden.has(edge.kind);

  /** The distance of every node that `starts` are reached from (or reach, if `forward`), as a map. */
  function distances(starts, forward, limit = Infinity) {
    const found = new Map(starts.map((id) => [id, 0]));
    const open = [...starts];
    for (let next = 0; next < open.length; next += 1) {
      const here = open[next], far = found.get(here) + 1;
      if (far > limit) continue;
      for (const edge of forward ? outgoing[here] : incoming[here]) {
        const there = forward ? edge.to : edge.from;
        if (visible(edge) && !found.has(there)) {
          found.set(there, far);
          open.push(there);
        }
      }
    }
    return found;
  }

  /** The edges of a shortest way, or null. */
  function way(from, to) {
    const far = distances([to], false);
    if (!far.has(from)) return null;
    const steps = [];
    for (let here = from; here !== to; ) {
      const edge = outgoing[here].find((one) => visible(one) && far.get(one.to) === far.get(here) - 1);
      steps.push(edge);
      here = edge.to;
    }
    return steps;
  }

  // ---- Layout ------------------------------------------------------------------------------------------------------

  /** Columns of the overview, the farthest first; each is a list of nodes. */
  function overviewColumns() {
    const far = distances(goals, false);
    const columns = [];
    far.forEach((distance, id) => (columns[distance] ??= []).push(id));
    return { columns: columns.reverse(), rank: (id) => -far.get(id) };
  }

  /** Columns around one node: who comes to it on the left, where it leads on the right. */
  function neighbourColumns(center) {
    const ahead = distances([center], true, state.reach), behind = distances([center], false, state.reach);
    const rank = new Map();
    behind.forEach((distance, id) => rank.set(id, -distance));
    ahead.forEach((distance, id) => rank.set(id, distance));
    const least = Math.min(...rank.values());
    const columns = [];
    rank.forEach((place, id) => (columns[place - least] ??= []).push(id));
    return { columns: Array.from(columns, (column) => column ?? []), rank: (id) => rank.get(id) };
  }

  function wayColumns(steps, start) {
    const order = [start, ...steps.map((edge) => edge.to)];
    return { columns: order.map((id) => [id]), rank: (id) => order.indexOf(id) };
  }

  /** Edges worth drawing: those that lead one column on. Others are listed beside the picture. */
  const onward = (rank) => edges.filter((edge) => visible(edge) && rank(edge.to) - rank(edge.from) === 1);

  /** Nodes of a column that the same edges lead to and from are drawn as one. */
  function bundles(column, leaving, entering) {
    const alike = new Map();
    const ends = (list, end) => (list ?? []).map((edge) => `${edge[end]} ${edge.kind} ${edge.certainty}`).sort();
    for (const id of column) {
      const node = nodes[id];
      const key = (node.goal && node.kind !== "resource") || id === state.node ? `node ${id}`
        : JSON.stringify([node.kind, node.change, node.home, ends(leaving.get(id), "to"), ends(entering.get(id), "from")]);
      if (!alike.has(key)) alike.set(key, []);
      alike.get(key).push(id);
    }
    const boxes = [];
    alike.forEach((members, key) => {
      if (members.length < ALIKE || state.opened.has(key)) members.forEach((id) => boxes.push({ members: [id] }));
      else boxes.push({ members, key });
    });
    return boxes;
  }

  /** Boxes with places, and the edges between them. */
  function layOut({ columns, rank }) {
    const chosen = onward(rank);
    const leaving = new Map(), entering = new Map();
    const add = (map, id, edge) => (map.has(id) ? map.get(id).push(edge) : map.set(id, [edge]));
    for (const edge of chosen) {
      add(leaving, edge.from, edge);
      add(entering, edge.to, edge);
    }
    const boxOf = new Map(), placed = [];
    // From the right to the left, each column in the order of what it leads to.
    for (let index = columns.length - 1; index >= 0; index -= 1) {
      const boxes = bundles(columns[index] ?? [], leaving, entering);
      for (const box of boxes) {
        const ends = (leaving.get(box.members[0]) ?? []).map((edge) => boxOf.get(edge.to)?.y ?? 0);
        box.weight = ends.length ? ends.reduce((sum, y) => sum + y, 0) / ends.length : Infinity;
        box.name = nodes[box.members[0]].name;
      }
      boxes.sort((one, other) => one.weight - other.weight || (one.name < other.name ? -1 : 1));
      const shown = state.pages.get(index) ?? PAGE;
      boxes.slice(0, shown).forEach((box, row) => {
        Object.assign(box, { x: index * COLUMN, y: TOP + row * ROW, column: index });
        box.members.forEach((id) => boxOf.set(id, box));
        placed.push(box);
      });
      if (boxes.length > shown) {
        placed.push({ more: boxes.length - shown, column: index, x: index * COLUMN, y: TOP + shown * ROW, members: [] });
      }
    }
    const lines = new Map();
    for (const edge of chosen) {
      const from = boxOf.get(edge.from), to = boxOf.get(edge.to);
      if (!from || !to) continue;
      const key = `${from.x} ${from.y} ${to.x} ${to.y} ${edge.certainty}`;
      if (!lines.has(key)) lines.set(key, { from, to, certainty: edge.certainty, edges: [] });
      lines.get(key).edges.push(edge);
    }
    return { boxes: placed, lines: [...lines.values()], count: columns.length };
  }

  // ---- Drawing -----------------------------------------------------------------------------------------------------

  function element(parent, name, attributes = {}, text) {
    const inPicture = parent.namespaceURI === SVG || name === "svg";
    const made = inPicture ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return parent.appendChild(made);
  }

  function button(parent, text, action, style) {
    const made = element(parent, "button", { type: "button", ...(style ? { class: style } : {}) }, text);
    made.addEventListener("click", action);
    return made;
  }

  const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

  function heading(index, count) {
    if (state.from !== null) return index === 0 ? "from here" : `step ${index}`;
    if (state.node !== null) return "";
    const far = count - 1 - index;
    if (far === 0) return "what matters";
    return far === 1 ? "has it" : far === 2 ? "1 step away" : `${far - 1} steps away`;
  }

  function drawLine(view, line) {
    const x1 = line.from.x + WIDTH, y1 = line.from.y + HEIGHT / 2, x2 = line.to.x, y2 = line.to.y + HEIGHT / 2;
    const bend = (x2 - x1) / 2;
    const path = element(view, "path", {
      class: `edge ${line.certainty}${state.from !== null ? " strong" : ""}`,
      d: `M${x1},${y1}C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`,
    });
    const titles = [...new Set(line.edges.map((edge) => kinds.get(edge.kind).title))];
    element(path, "title", {}, `${titles.join(", ")} (${line.certainty})`);
    line.path = path;
  }

  function drawBox(view, box) {
    const first = nodes[box.members[0]];
    const style = ["node", box.key || box.more ? "bundle" : "", first?.goal ? "goal" : "",
      box.members.length === 1 && box.members[0] === state.node ? "chosen" : ""].filter(Boolean).join(" ");
    const group = element(view, "g", { class: style, transform: `translate(${box.x},${box.y})`, tabindex: "0", role: "button" });
    element(group, "rect", { width: WIDTH, height: HEIGHT, rx: 6 });
    const title = box.more ? `${box.more} more` : box.key ? `${box.members.length} alike` : first.label;
    const below = box.more ? "" : [clouds.size > 1 && first.cloud, first.kind, first.change, first.home].filter(Boolean).join(" · ");
    element(group, "text", { x: 10, y: below ? 15 : 21 }, short(title, 28));
    if (below) element(group, "text", { x: 10, y: 28, class: "kind" }, short(below, 36));
    element(group, "title", {}, box.more ? "show more" : box.members.slice(0, 20).map((id) => nodes[id].name).join("\n"));
    const act = () => {
      if (box.more) state.pages.set(box.column, (state.pages.get(box.column) ?? PAGE) + PAGE), draw();
      else if (box.key) state.opened.add(box.key), draw();
      else go({ node: box.members[0] });
    };
    group.addEventListener("click", act);
    group.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") event.preventDefault(), act();
    });
    box.group = group;
  }

  /** While the pointer is on a box, what does not touch it fades. */
  function hover({ boxes, lines }) {
    for (const box of boxes) {
      const near = new Set([box]);
      const own = lines.filter((line) => line.from === box || line.to === box);
      own.forEach((line) => near.add(line.from).add(line.to));
      box.group.addEventListener("pointerenter", () => {
        if (!own.length) return;
        boxes.forEach((one) => one.group.classList.toggle("dim", !near.has(one)));
        lines.forEach((line) => line.path.classList.toggle("dim", !own.includes(line)));
      });
      box.group.addEventListener("pointerleave", () => {
        boxes.forEach((one) => one.group.classList.remove("dim"));
        lines.forEach((line) => line.path.classList.remove("dim"));
      });
    }
  }

  function draw() {
    const view = at("view");
    view.replaceChildren();
    const steps = state.from !== null && state.to !== null ? way(state.from, state.to) : null;
    const plan = steps ? wayColumns(steps, state.from) : state.node !== null ? neighbourColumns(state.node) : overviewColumns();
    const picture = layOut(plan);
    for (let index = 0; index < picture.count; index += 1) {
      element(view, "text", { class: "column", x: index * COLUMN, y: 18 }, heading(index, picture.count));
    }
    picture.lines.forEach((line) => drawLine(view, line));
    picture.boxes.forEach((box) => drawBox(view, box));
    hover(picture);
    caption(picture, steps);
    fit(picture);
    details(steps);
    legend();
  }

  function caption(picture, steps) {
    const shown = picture.boxes.reduce((sum, box) => sum + box.members.length, 0);
    let text;
    if (state.from !== null) {
      text = steps ? `A shortest way, ${steps.length} ${steps.length === 1 ? "step" : "steps"}.` : "There is no way in this graph.";
    } else if (state.node !== null) {
      text = `${nodes[state.node].name}: what comes to it and where it leads, up to ${state.reach} steps.`;
    } else {
      const leading = distances(goals, false).size, rest = nodes.length - leading;
      const part = shown < leading ? `${shown} of ${leading}` : leading;
      text = `${part} nodes with a way to what matters are drawn; ${rest} without one are not, search finds them.`;
    }
    at("caption").textContent = text;
  }

  // ---- Beside the picture ------------------------------------------------------------------------------------------

  function nodeLink(parent, id) {
    return button(parent, nodes[id].name, () => go({ node: id }), "link");
  }

  function describeEdge(parent, edge) {
    element(parent, "div", {}, edge.says);
    const about = [edge.certainty, edge.condition && `if ${edge.condition}`].filter(Boolean).join("; ");
    element(parent, "div", { class: "note" }, about);
    for (const gap of edge.assumes ?? []) element(parent, "div", { class: "note" }, `assumes: ${gap}`);
    for (const one of edge.evidence) {
      element(parent, "div", { class: "where" }, one.place ? `${one.what} (${one.place})` : one.what);
    }
    if (edge.remedy) element(parent, "div", { class: "note" }, `would break it: ${edge.remedy}`);
  }

  function edgeList(parent, title, list, end) {
    const shown = list.filter(visible);
    element(parent, "h3", {}, `${title} (${shown.length})`);
    const items = element(parent, "ul");
    const show = (from) => {
      shown.slice(from, from + PAGE).forEach((edge) => {
        const item = element(items, "li");
        nodeLink(item, edge[end]);
        describeEdge(item, edge);
      });
      if (shown.length > from + PAGE) {
        const more = button(items, `${shown.length - from - PAGE} more`, () => (more.remove(), show(from + PAGE)));
      }
    };
    show(0);
  }

  function detailsOfNode(panel, id) {
    const node = nodes[id];
    element(panel, "h2", {}, node.name);
    const tags = element(panel, "p");
    for (const tag of [node.kind, node.change, node.cloud, node.home].filter(Boolean)) {
      element(tags, "span", { class: "tag" }, tag);
      tags.append(" ");
    }
    const actions = element(panel, "div", { class: "actions" });
    button(actions, "Way from here to …", () => ask("to", id));
    button(actions, "Way to here from …", () => ask("from", id));
    const nearest = goals.length && distances([id], true);
    const goal = nearest && goals.filter((one) => nearest.has(one) && one !== id)
      .sort((one, other) => nearest.get(one) - nearest.get(other))[0];
    if (goal !== undefined && goal !== false) button(actions, "Shortest way to what matters", () => go({ from: id, to: goal }));
    edgeList(panel, "Leads to", outgoing[id], "to");
    edgeList(panel, "Is reached from", incoming[id], "from");
  }

  function details(steps) {
    const panel = at("details");
    panel.replaceChildren();
    if (state.from !== null) {
      element(panel, "h2", {}, "From here to there");
      nodeLink(element(panel, "p"), state.from);
      const list = element(panel, "ol");
      for (const edge of steps ?? []) {
        const item = element(list, "li");
        describeEdge(item, edge);
        nodeLink(item, edge.to);
      }
      if (!steps) nodeLink(element(panel, "p", {}, "leads nowhere near "), state.to);
    } else if (state.node !== null) {
      detailsOfNode(panel, state.node);
    } else {
      element(panel, "h2", {}, "How to read this");
      element(panel, "p", {}, "On the right is what matters: the administration of accounts and projects, and resources that anybody may use. Whoever stands left of it gets there, step by step. Choose a box to see its neighbourhood and the evidence of each step; a dashed box stands for many that are alike.");
    }
    if (graph.undecided.length) {
      element(panel, "h3", {}, `Not decided (${graph.undecided.length})`);
      const list = element(panel, "ul");
      graph.undecided.slice(0, 50).forEach((text) => element(list, "li", { class: "note" }, text));
    }
  }

  function legend() {
    const panel = at("legend");
    panel.replaceChildren();
    element(panel, "h3", {}, "Lines");
    for (const [certainty, text] of [["proven", "proven"], ["conditional", "under a condition"],
      ["assuming", "assuming what the files do not say"], ["undecided", "not decided"]]) {
      const row = element(panel, "div");
      const sample = element(row, "svg", { viewBox: "0 0 34 8" });
      element(sample, "path", { class: `edge strong ${certainty}`, d: "M0,4H34" });
      row.append(text);
    }
    element(panel, "h3", {}, "Boxes");
    const sorts = new Map();
    nodes.forEach((node) => sorts.set(node.kind, (sorts.get(node.kind) ?? 0) + 1));
    element(panel, "div", { class: "note" }, [...sorts].sort().map(([kind, count]) => `${kind} (${count})`).join(", "));
    element(panel, "h3", {}, "Steps shown");
    const counts = new Map();
    edges.forEach((edge) => counts.set(edge.kind, (counts.get(edge.kind) ?? 0) + 1));
    for (const kind of graph.edge_kinds.filter((one) => counts.has(one.id))) {
      const label = element(panel, "label");
      const box = element(label, "input", { type: "checkbox", name: kind.id });
      box.checked = !state.hidden.has(kind.id);
      box.addEventListener("change", () => {
        if (box.checked) state.hidden.delete(kind.id);
        else state.hidden.add(kind.id);
        remember();
        draw();
      });
      label.append(` ${kind.title} (${counts.get(kind.id)})`);
    }
  }

  // ---- Search ------------------------------------------------------------------------------------------------------

  let asked = null;

  /** The next hit that is chosen becomes the other end of a way. */
  function ask(end, id) {
    asked = { end, id };
    const query = at("query");
    query.value = "";
    query.placeholder = end === "to" ? "way to which node?" : "way from which node?";
    query.focus();
  }

  function choose(id) {
    at("hits").hidden = true;
    at("query").value = "";
    at("query").placeholder = "part of a name  ( / )";
    const { end, id: other } = asked ?? {};
    asked = null;
    if (end === "to") go({ from: other, to: id });
    else if (end === "from") go({ from: id, to: other });
    else go({ node: id });
  }

  function search(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const found = [];
    nodes.forEach((node, id) => {
      const whole = `${node.name} ${node.kind} ${node.home ?? ""}`.toLowerCase();
      if (words.every((word) => whole.includes(word))) found.push(id);
    });
    const exact = (id) => (nodes[id].label.toLowerCase() === text.trim().toLowerCase() ? 0 : 1);
    return found.sort((one, other) => exact(one) - exact(other) || nodes[one].name.length - nodes[other].name.length);
  }

  function showHits() {
    const list = at("hits");
    list.replaceChildren();
    const found = search(at("query").value);
    for (const id of found.slice(0, 30)) {
      button(element(list, "li"), `${nodes[id].name} (${nodes[id].kind})`, () => choose(id));
    }
    if (found.length > 30) element(list, "li", { class: "note" }, `and ${found.length - 30} more`);
    if (!found.length && at("query").value) element(list, "li", { class: "note" }, "nothing of that name");
    list.hidden = !at("query").value;
    return found;
  }

  // ---- Moving about ------------------------------------------------------------------------------------------------

  let place = { x: 0, y: 0, scale: 1 };

  function move() {
    at("view").setAttribute("transform", `translate(${place.x},${place.y}) scale(${place.scale})`);
  }

  function fit({ boxes, count }) {
    const box = at("picture").getBoundingClientRect();
    const width = Math.max(1, count) * COLUMN - (COLUMN - WIDTH);
    const height = Math.max(TOP + ROW, ...boxes.map((one) => one.y + ROW));
    // A long column is moved rather than made too small to read.
    const scale = Math.min(1.2, Math.max((box.width - 40) / width, 0.5), Math.max((box.height - 30) / height, 0.8));
    place = { x: Math.max(20, (box.width - width * scale) / 2), y: 15, scale: scale > 0 ? scale : 1 };
    move();
  }

  function moving() {
    const picture = at("picture");
    let start = null;
    picture.addEventListener("pointerdown", (event) => {
      if (event.target.closest(".node")) return;
      start = { x: event.clientX - place.x, y: event.clientY - place.y };
      picture.setPointerCapture(event.pointerId);
      picture.classList.add("dragging");
    });
    picture.addEventListener("pointermove", (event) => {
      if (start) Object.assign(place, { x: event.clientX - start.x, y: event.clientY - start.y }), move();
    });
    picture.addEventListener("pointerup", () => ((start = null), picture.classList.remove("dragging")));
    picture.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = picture.getBoundingClientRect();
      const x = event.clientX - box.left, y = event.clientY - box.top;
      const scale = Math.min(4, Math.max(0.1, place.scale * (event.deltaY < 0 ? 1.15 : 1 / 1.15)));
      place = { x: x - ((x - place.x) * scale) / place.scale, y: y - ((y - place.y) * scale) / place.scale, scale };
      move();
    }, { passive: false });
    picture.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
      if (by) event.preventDefault(), (place.x += by[0]), (place.y += by[1]), move();
    });
  }

  // ---- The address -------------------------------------------------------------------------------------------------

  function remember() {
    const parts = new URLSearchParams();
    if (state.from !== null) parts.set("from", state.from), parts.set("to", state.to);
    else if (state.node !== null) parts.set("node", state.node), parts.set("reach", state.reach);
    if (state.hidden.size) parts.set("hide", [...state.hidden].join(","));
    history.replaceState(null, "", `#${parts}`);
  }

  function recall() {
    const parts = new URLSearchParams(location.hash.slice(1));
    const number = (name) => {
      const value = parts.get(name);
      return value !== null && /^\d+$/.test(value) && nodes[value] ? Number(value) : null;
    };
    const from = number("from"), to = number("to");
    Object.assign(state, from !== null && to !== null ? { from, to, node: null } : { from: null, to: null, node: number("node") });
    const reach = Number(parts.get("reach"));
    if (reach >= 1 && reach <= 4) state.reach = reach;
    state.hidden = new Set((parts.get("hide") ?? "").split(",").filter((kind) => kinds.has(kind)));
    at("reach").value = String(state.reach);
  }

  function go({ node = null, from = null, to = null }) {
    Object.assign(state, { node, from, to });
    state.pages.clear();
    remember();
    draw();
  }

  function start() {
    at("summary").textContent = graph.summary;
    at("overview").addEventListener("click", () => go({}));
    at("reach").addEventListener("change", (event) => {
      state.reach = Number(event.target.value);
      remember();
      draw();
    });
    at("query").addEventListener("input", showHits);
    at("search").addEventListener("submit", (event) => {
      event.preventDefault();
      const [first] = showHits();
      if (first !== undefined) choose(first);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && document.activeElement !== at("query")) event.preventDefault(), at("query").focus();
      if (event.key === "Escape") (at("hits").hidden = true), (asked = null);
    });
    window.addEventListener("hashchange", () => (recall(), draw()));
    window.addEventListener("resize", draw);
    moving();
    recall();
    draw();
  }

  start();
})();
