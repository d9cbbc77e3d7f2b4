/* The dashboard's charts: bars from zero with direct labels, grey for what is kept, red for what is broken.
   The tables beside them say the same; without this file nothing is lost. Written for Chrome 86. */
(function () {
  "use strict";
  var RED = "#c92a2a", GREY = "#868e96", LINE = "#dee2e6";
  var source = document.getElementById("chart-values");
  if (!source || !window.echarts) { return; }
  var values = JSON.parse(source.textContent);

  function bars(labels, numbers, horizontal) {
    var category = {
      type: "category", data: labels, axisTick: { show: false }, axisLine: { lineStyle: { color: LINE } },
      axisLabel: { color: "#495057", fontSize: 11, interval: 0 }, inverse: Boolean(horizontal)
    };
    var amount = { type: "value", min: 0, minInterval: 1, splitLine: { show: false }, axisLabel: { show: false } };
    return {
      animation: false,
      grid: { left: horizontal ? 8 : 4, right: horizontal ? 28 : 4, top: horizontal ? 4 : 18, bottom: 4, containLabel: true },
      xAxis: horizontal ? amount : category,
      yAxis: horizontal ? category : amount,
      series: [{
        type: "bar", data: numbers, barMaxWidth: 18, itemStyle: { color: RED },
        label: {
          show: true, position: horizontal ? "right" : "top", color: "#495057", fontSize: 11,
          formatter: function (bar) { return bar.value ? String(bar.value) : ""; }
        }
      }]
    };
  }

  function draw(place) {
    var kind = place.getAttribute("data-chart");
    var option;
    if (kind === "trend") {
      var clock = values.clocks[Number(place.getAttribute("data-index"))];
      option = bars(values.months.map(function (month) { return String(Number(month.slice(5))); }), clock.breached, false);
    } else if (kind === "modules") {
      var most = values.modules.slice(0, 12);
      option = bars(most.map(function (m) { return m[0]; }), most.map(function (m) { return m[1]; }), true);
      option.yAxis.axisLabel.width = 150;
      option.yAxis.axisLabel.overflow = "truncate";
      place.style.height = (most.length * 26 + 16) + "px";
    } else {
      var byHour = {}, hours = [];
      values.hours.forEach(function (pair) { byHour[pair[0]] = pair[1]; });
      for (var hour = 0; hour < 24; hour += 1) { hours.push(hour); }
      option = bars(hours.map(String), hours.map(function (h) { return byHour[h] || 0; }), false);
      option.xAxis.axisLabel.interval = 2;
      option.xAxis.axisLine.lineStyle.color = GREY;
    }
    var chart = window.echarts.init(place, null, { renderer: "svg" });
    chart.setOption(option);
    window.addEventListener("resize", function () { chart.resize(); });
  }

  document.querySelectorAll("[data-chart]").forEach(draw);
}());
