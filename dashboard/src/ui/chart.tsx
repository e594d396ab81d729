// SPDX-License-Identifier: Apache-2.0
// Curves over time, drawn by uPlot. Whoever cannot see them has the same in words and as a table.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { number, shortNumber, time, timeAs } from "../lib/format";
import { useStore } from "../lib/store";
import { themeTurn } from "../lib/theme";

export interface Line { label: string; colour: string; dash?: number[]; fill?: boolean; values: (number | null)[] }

interface Props { title: string; times: number[]; lines: Line[]; words: string; height?: number; format?: (value: number) => string; most?: number }

/** As the theme has it now: "rgb(47, 156, 108)". */
function colourOf(element: Element, name: string): string {
  const probe = element.appendChild(document.createElement("i"));
  probe.style.color = `var(${name})`;
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

const withAlpha = (colour: string, alpha: number) => colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);

/** What divides seconds is told in seconds and their parts, and longer times to the minute. */
function tick(step: number, at: number): string {
  return timeAs(step < 0.1 ? "parts" : step < 1 ? "tenths" : step < 60 ? "time" : "short", new Date(at * 1000));
}

function optionsOf(element: HTMLElement, props: Props, onPoint: (index: number | null) => void): uPlot.Options {
  const soft = colourOf(element, "--soft");
  const line = colourOf(element, "--line");
  const font = "12px " + getComputedStyle(element).fontFamily;
  const format = props.format ?? shortNumber;
  return {
    width: Math.max(200, element.clientWidth),
    height: props.height ?? 220,
    padding: [10, 28, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 7 }, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_u, _min, max) => [0, Math.max(1, props.most ?? 0, max * 1.06)] } },
    axes: [
      { stroke: soft, font, grid: { show: false }, ticks: { stroke: line, size: 4 }, space: 80, size: 28,
        values: (_u, splits, _i, _s, step) => splits.map((at) => tick(step, at)) },
      { stroke: soft, font, grid: { stroke: line, width: 1 }, ticks: { show: false }, space: 42, size: 52,
        values: (_u, splits) => splits.map((value) => (value % 1 === 0 ? format(value) : "")) },
    ],
    series: [
      {},
      ...props.lines.map((one) => {
        const colour = colourOf(element, one.colour);
        return { label: one.label, stroke: colour, width: 2, dash: one.dash, fill: one.fill ? withAlpha(colour, 0.12) : undefined, points: { show: false }, spanGaps: true };
      }),
    ],
    hooks: { setCursor: [(u) => onPoint(u.cursor.idx ?? null)] },
  };
}

const ROWS = 12;

function rowsOf(count: number): number[] {
  if (count <= ROWS) {
    return Array.from({ length: count }, (_, i) => i);
  }
  return Array.from({ length: ROWS }, (_, i) => Math.round((i * (count - 1)) / (ROWS - 1)));
}

export function Chart(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [point, setPoint] = useState<number | null>(null);
  const turn = useStore(themeTurn);
  const data = () => [props.times, ...props.lines.map((line) => line.values)] as uPlot.AlignedData;
  const enough = props.times.length > 1;
  useEffect(() => {
    if (!enough) {
      return;
    }
    const element = box.current!;
    const made = new uPlot(optionsOf(element, props, setPoint), data(), element);
    plot.current = made;
    const seen = new ResizeObserver(() => made.setSize({ width: Math.max(200, element.clientWidth), height: props.height ?? 220 }));
    seen.observe(element);
    return () => {
      seen.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [enough, turn, props.lines.map((line) => line.label).join(), props.most]);
  useEffect(() => {
    plot.current?.setData(data());
  }, [props.times, props.lines]);
  const format = props.format ?? number;
  const at = point !== null && point < props.times.length ? point : props.times.length - 1;
  return (
    <figure class="chart">
      <div class="chart-keys" aria-hidden="true">
        {props.lines.map((line) => (
          <span key={line.label} class="chart-key">
            <svg width="18" height="8"><line x1="0" x2="18" y1="4" y2="4" stroke={`var(${line.colour})`} stroke-width="2.5" stroke-dasharray={line.dash?.join(" ")} /></svg>
            {line.label}
            {enough && <b>{line.values[at] === null || line.values[at] === undefined ? "–" : format(line.values[at]!)}</b>}
          </span>
        ))}
        {enough && point !== null && <span class="chart-at">{time(new Date(props.times[at]! * 1000), new Date(), true)}</span>}
      </div>
      {enough
        ? <div ref={box} class="plot" role="img" aria-label={`${props.title}. ${props.words}`} style={{ height: `${props.height ?? 220}px` }} />
        : <p class="empty">The curve begins as soon as something happens.</p>}
      {enough && (
        <details class="chart-table">
          <summary>As a table</summary>
          <div class="scroll" tabIndex={0} role="group" aria-label={`${props.title}, as a table`}>
            <table>
              <thead><tr><th scope="col">Time</th>{props.lines.map((line) => <th key={line.label} scope="col" class="right">{line.label}</th>)}</tr></thead>
              <tbody>
                {rowsOf(props.times.length).map((i) => (
                  <tr key={i}>
                    <th scope="row">{time(new Date(props.times[i]! * 1000), new Date(), true)}</th>
                    {props.lines.map((line) => <td key={line.label} class="right">{line.values[i] === null || line.values[i] === undefined ? "–" : format(line.values[i]!)}</td>)}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </figure>
  );
}
