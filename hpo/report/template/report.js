// Draws the figures one after the other, in the colors that the reader prefers; on paper always in the light ones.
(async () => {
  "use strict";
  const plots = [...document.querySelectorAll(".plot")];
  const specs = plots.map((plot) => JSON.parse(plot.querySelector("script").textContent));
  if (!("DecompressionStream" in window)) {
    for (const plot of plots) plot.textContent = "This browser is too old to draw the figures (it lacks DecompressionStream).";
    return;
  }
  const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent.trim()), (c) => c.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const library = document.createElement("script");
  library.text = await new Response(unpacked).text();
  document.head.append(library);

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const template = () => {
    const axis = {
      gridcolor: color("--grid"), linecolor: color("--line"), zerolinecolor: color("--line"), automargin: true,
      title: { font: { size: 12, color: color("--quiet") }, standoff: 8 }, tickfont: { size: 11, color: color("--quiet") },
    };
    return {
      layout: {
        font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: color("--text") },
        paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", xaxis: axis, yaxis: axis,
        margin: { l: 12, r: 12, t: 36, b: 12 },
        legend: { orientation: "h", x: 0, xanchor: "left", y: 1, yref: "container", yanchor: "top" },
        hoverlabel: { bgcolor: color("--hover"), bordercolor: color("--line"), font: { color: color("--text"), size: 12 }, align: "left" },
        annotationdefaults: { font: { color: color("--quiet") }, bgcolor: color("--veil"), borderpad: 1 },
      },
    };
  };
  const narrow = () => window.innerWidth < 700;
  // A finger that scrolls the page must not zoom into a figure.
  const dragmode = () => (matchMedia("(pointer: coarse)").matches || narrow() ? false : "zoom");
  // Long labels beside an axis would leave no room for the figure; what is pointed at says them whole.
  const shorten = (layout) => {
    for (const [name, axis] of Object.entries(layout)) {
      if (!name.startsWith("yaxis") || !axis.ticktext) continue;
      axis.ticktext = axis.ticktext.map((text) => (text.length > 15 ? `${text.slice(0, 14).trimEnd()}…` : text));
    }
  };
  const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
  for (const [place, plot] of plots.entries()) {
    const { data, layout } = specs[place];
    if (narrow()) shorten(layout);
    plot.replaceChildren();
    await Plotly.newPlot(plot, data, { ...layout, template: template(), dragmode: dragmode() }, config);
    await new Promise((done) => setTimeout(done));
  }
  const recolor = () => plots.forEach((plot) => Plotly.relayout(plot, { template: template() }));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolor);
  matchMedia("print").addEventListener("change", () => { recolor(); plots.forEach((plot) => Plotly.Plots.resize(plot)); });

  const details = document.querySelectorAll("details.long");
  addEventListener("beforeprint", () => details.forEach((each) => { each.open = true; }));

  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      links.forEach((link) => link.classList.remove("here"));
      links.get(entry.target.id)?.classList.add("here");
    }
  }, { rootMargin: "-10% 0px -80% 0px" });
  links.forEach((_, id) => seen.observe(document.getElementById(id)));
  document.documentElement.dataset.drawn = String(plots.length);
})();
