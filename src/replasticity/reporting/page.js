"use strict";

// Charts are drawn when they come into view, in the colours of the page.

const darkScheme = matchMedia("(prefers-color-scheme: dark)");
const colorOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Return a series' colour; blacks and greys become light on a dark page. */
function onThisPage(color) {
  const grey = /^#(..)\1\1$/i.exec(color ?? "");
  if (!grey || !darkScheme.matches) return color;
  const level = Math.round(255 - 0.85 * parseInt(grey[1], 16));
  return `rgb(${level}, ${level}, ${level})`;
}

function dressTrace(trace) {
  for (const part of [trace.line, trace.marker, trace.marker?.line]) {
    if (typeof part?.color === "string") part.color = onThisPage(part.color);
  }
  if (trace.fillcolor) trace.fillcolor = onThisPage(trace.fillcolor);
  return trace;
}

function dressLayout(layout) {
  const axis = {
    gridcolor: colorOf("--grid"),
    zerolinecolor: colorOf("--quiet"),
    linecolor: colorOf("--line"),
    zeroline: false,
    exponentformat: "power",
    minexponent: 5,
    automargin: true,
  };
  const text = colorOf("--text");
  return {
    ...layout,
    font: { family: "system-ui, sans-serif", size: 12, color: text },
    paper_bgcolor: "rgba(0, 0, 0, 0)",
    plot_bgcolor: "rgba(0, 0, 0, 0)",
    margin: { l: 10, r: 10, t: 28, b: 10 },
    legend: { orientation: "h", x: 0, xanchor: "left", y: 0, yref: "container", yanchor: "bottom", font: { size: 11 } },
    dragmode: hasFingers ? false : "zoom",
    hoverlabel: { bgcolor: colorOf("--surface"), bordercolor: colorOf("--line"), font: { color: text } },
    modebar: { bgcolor: "rgba(0, 0, 0, 0)", color: colorOf("--quiet"), activecolor: colorOf("--accent") },
    xaxis: { ...axis, ...layout.xaxis },
    yaxis: { ...axis, ...layout.yaxis },
  };
}

// A finger on a chart scrolls the page; it zooms by the buttons, which then are always there.
const hasFingers = matchMedia("(pointer: coarse)").matches;
const options = {
  responsive: true,
  displayModeBar: hasFingers || "hover",
  displaylogo: false,
  // Named one by one: none of them leaves the page.
  modeBarButtons: [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]],
};

/** Draw a chart, or draw it again after the colours of the page have changed. */
function draw(chart) {
  const { data, layout } = JSON.parse(chart.querySelector("script").textContent);
  const height = layout.height ?? parseInt(chart.style.minHeight, 10);
  const target = chart.querySelector(".drawing") ?? chart.appendChild(document.createElement("div"));
  target.className = "drawing";
  return Plotly.react(target, data.map(dressTrace), { ...dressLayout(layout), height }, options).then(() => {
    chart.dataset.drawn = "yes";
  });
}

const inView = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      inView.unobserve(target);
      const explorer = target.closest(".explorer");
      draw(target).then(() => explorer && showSeedIn(target, explorer));
    }
  },
  { rootMargin: "400px" },
);
document.querySelectorAll(".chart").forEach((chart) => inView.observe(chart));

darkScheme.addEventListener("change", () => {
  for (const chart of document.querySelectorAll(".chart[data-drawn]")) {
    const explorer = chart.closest(".explorer");
    draw(chart).then(() => explorer && showSeedIn(chart, explorer));
  }
});

// The seed explorer.

const chosenExperiment = document.getElementById("experiment");
const chosenSeed = document.getElementById("seed");
const numbersOf = new Map();
const present = (value) => (value === null ? "not defined" : String(Number(value.toPrecision(5))));

/** Return the seeds and statistics of an explorer. */
function numbers(explorer) {
  if (!numbersOf.has(explorer)) {
    numbersOf.set(explorer, JSON.parse(explorer.querySelector("script.numbers").textContent));
  }
  return numbersOf.get(explorer);
}

const explorerOf = (experiment) => document.querySelector(`.explorer[data-experiment="${experiment}"]`);

/** Show the chosen seed in a chart that is drawn; the chart then says which one it shows. */
async function showSeedIn(chart, explorer) {
  const seed = Number(chosenSeed.value);
  await bringToFront(seed, chart, explorer);
  chart.dataset.seed = seed;
}

function bringToFront(seed, chart, explorer) {
  const drawing = chart.querySelector(".drawing");
  if (chart.closest(".standing")) {
    const { seeds, statistics } = numbers(explorer);
    const index = seeds.indexOf(seed);
    const texts = statistics.map((statistic) => `seed ${seed}: ${present(statistic.values[index])}`);
    const style = { "marker.color": colorOf("--accent"), hovertext: [texts], hoverinfo: "text" };
    Plotly.restyle(drawing, { "marker.color": colorOf("--quiet"), "marker.line.color": colorOf("--quiet") }, [0]);
    const places = [statistics.map((statistic) => statistic.standardised[index])];
    return Plotly.restyle(drawing, { x: places, ...style }, [1]);
  }
  const linesPerSeed = drawing.data.filter((trace) => trace.meta === drawing.data[0].meta).length;
  const palette = [colorOf("--accent"), "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
  const own = drawing.data.map((trace) => trace.meta === seed);
  const single = linesPerSeed === 1 && drawing.data[0].mode === "lines";
  const colors = own.map((isOwn, index) => (isOwn ? palette[index % linesPerSeed] : colorOf("--quiet")));
  return Plotly.restyle(drawing, {
    visible: own.map((isOwn) => isOwn || single),
    opacity: own.map((isOwn) => (isOwn ? 1 : 0.35)),
    name: drawing.data.map(({ meta, legendgroup }) => `seed ${meta}` + (legendgroup ? `, ${legendgroup}` : "")),
    zorder: own.map((isOwn) => (isOwn ? 1 : 0)),
    "line.color": colors,
    "marker.color": colors,
  });
}

/** Return in words what is shown of a seed. */
function status({ deterministic, seeds, traceSeeds }, seed) {
  if (deterministic) return "Nothing here is random: one run is all there is.";
  const number = seeds.length === 1 ? `Seed ${seed}, the only one` : `Seed ${seed}, one of ${seeds.length}`;
  if (traceSeeds.includes(seed)) return `${number}, with its traces.`;
  return `${number}: its statistics only. Traces are kept of the seeds ${traceSeeds.join(", ")}.`;
}

/** Show the chosen seed everywhere in the explorer of the chosen experiment. */
function showSeed() {
  const explorer = explorerOf(chosenExperiment.value);
  const { seeds, statistics } = numbers(explorer);
  const seed = Number(chosenSeed.value);
  const index = seeds.indexOf(seed);
  explorer.querySelectorAll("td.value").forEach((cell, row) => {
    cell.textContent = present(statistics[row].values[index]);
  });
  explorer.querySelectorAll(".chart[data-drawn]").forEach((chart) => showSeedIn(chart, explorer));
  document.getElementById("seed-status").textContent = status(numbers(explorer), seed);
}

/** Show the chosen experiment with its first seed. */
function showExperiment() {
  for (const explorer of document.querySelectorAll(".explorer")) {
    explorer.hidden = explorer.dataset.experiment !== chosenExperiment.value;
  }
  const { seeds } = numbers(explorerOf(chosenExperiment.value));
  chosenSeed.replaceChildren(...seeds.map((seed) => new Option(seed, seed)));
  showSeed();
}

chosenExperiment.addEventListener("change", showExperiment);
chosenSeed.addEventListener("change", showSeed);
showExperiment();

// One claim along one parameter.

const chosenClaim = document.getElementById("along-claim");
const chosenParameter = document.getElementById("along-parameter");
const claimsAlong = JSON.parse(document.getElementById("along-numbers")?.textContent ?? "[]");
const claimAlong = () => claimsAlong.find(({ id }) => id === chosenClaim.value);

/** Return the points of one side as a trace. */
function ofSide(points, side, color, symbol) {
  const chosen = points.filter((point) => point[4] === side && point[1] !== null);
  const above = chosen.map(([, estimate, , high]) => (high === null ? 0 : high - estimate));
  const below = chosen.map(([, estimate, low]) => (low === null ? 0 : estimate - low));
  return {
    x: chosen.map(([value]) => value),
    y: chosen.map(([, estimate]) => estimate),
    error_y: { type: "data", symmetric: false, array: above, arrayminus: below, color, thickness: 1, width: 0 },
    mode: "markers",
    name: side,
    marker: { color, symbol, size: 8 },
  };
}

/** Return the chart of a claim along a parameter. */
function chartAlong({ bounds, quantity, estimate }, { axis, points, flips, printed }) {
  const line = (place) => ({ type: "line", ...place, line: { color: colorOf("--quiet"), width: 1, dash: place.dash } });
  const across = (y) => line({ xref: "paper", x0: 0, x1: 1, y0: y, y1: y, dash: "dash" });
  const upright = (x, dash) => line({ yref: "paper", y0: 0, y1: 1, x0: x, x1: x, dash });
  const estimates = points.flatMap(([, each, low, high]) => [each, low, high]).filter((each) => each !== null);
  const ends = [...estimates, ...bounds];
  const room = 0.06 * (Math.max(...ends) - Math.min(...ends)) || 1;
  return {
    data: [
      ofSide(points, "holds", colorOf("--accent"), "circle"),
      ofSide(points, "does not hold", "#d55e00", "x"),
    ],
    layout: {
      showlegend: true,
      xaxis: { title: { text: axis }, type: points.some(([value]) => typeof value === "string") ? "category" : "-" },
      yaxis: { title: { text: `${estimate}: ${quantity}` }, range: [Math.min(...ends) - room, Math.max(...ends) + room] },
      shapes: [
        ...bounds.map(across),
        ...flips.map(([low, high]) => upright((low + high) / 2, "dot")),
        ...(typeof printed === "number" ? [upright(printed, "solid")] : []),
      ],
    },
  };
}

/** Return in words what is shown. */
function statusAlong({ bounds }, { name, points, flips, printed, notes }) {
  const turned = points.filter((point) => point[5]).map(([value]) => value);
  const between = flips.map(([low, high]) => `between ${present(low)} and ${present(high)}`);
  return [
    [
      printed === null ? `${name}.` : `${name}, printed as ${printed}.`,
      flips.length ? `The estimate changes sides ${between.join(" and ")}.` : "",
      turned.length ? `Turned at ${turned.join(", ")}.` : "No turn was seen.",
      `Dashed: ${bounds.length > 1 ? "the bounds" : "the bound"} of the claim, ${bounds.join(" and ")}.`,
    ]
      .filter(Boolean)
      .join(" "),
    ...notes,
  ];
}

/** Show the chosen claim along the chosen parameter. */
function showAlong() {
  const claim = claimAlong();
  const along = claim.parameters[chosenParameter.selectedIndex];
  const rows = along.points.map(([value, estimate, low, high, side, turned]) => {
    const row = document.createElement("tr");
    const interval = low === null ? "-" : `${present(low)} to ${present(high)}`;
    for (const text of [String(value), present(estimate), interval, turned ? `${side}, turned` : side]) {
      row.appendChild(document.createElement("td")).textContent = text;
    }
    return row;
  });
  document.getElementById("along-values").replaceChildren(...rows);
  const sentences = statusAlong(claim, along).map((text) => {
    const sentence = document.createElement("p");
    sentence.textContent = text;
    return sentence;
  });
  document.getElementById("along-status").replaceChildren(...sentences);
  const chart = document.querySelector(".chart.along");
  chart.querySelector("script").textContent = JSON.stringify(chartAlong(claim, along));
  if (chart.dataset.drawn) draw(chart);
}

/** Offer the parameters of the chosen claim; the chosen one stays. */
function showClaim() {
  const before = chosenParameter.value;
  const names = claimAlong().parameters.map(({ name }) => name);
  chosenParameter.replaceChildren(...names.map((name) => new Option(name, name)));
  chosenParameter.value = names.includes(before) ? before : names[0];
  showAlong();
}

if (claimsAlong.length) {
  chosenClaim.addEventListener("change", showClaim);
  chosenParameter.addEventListener("change", showAlong);
  darkScheme.addEventListener("change", showAlong);
  showClaim();
}

// A link to a claim opens it; on paper everything is open.

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches("details")) target.open = true;
}
addEventListener("hashchange", openTarget);
openTarget();
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => (each.open = true)));
