/* What the answers about the trace come to, group by group, while they are given. annotate/label/rollup.py is the rule. */

import { gettext, shownNumber } from "./words.js";

function weighed(parts) {
  const known = parts.filter(({ score }) => score !== null);
  const weight = known.reduce((sum, part) => sum + part.weight, 0);
  return weight > 0 ? known.reduce((sum, part) => sum + part.weight * part.score, 0) / weight : null;
}

function answerOf(question) {
  const inputs = [...question.querySelectorAll("input")];
  const chosen = inputs.find((input) => input.checked);
  const scores = inputs.filter((input) => input.dataset.score).map((input) => Number(input.dataset.score));
  const score = chosen?.dataset.score ? Number(chosen.dataset.score) : null;
  const title = question.dataset.title;
  return {
    weight: Number(question.dataset.weight),
    score,
    low: scores.length ? Math.min(...scores) : null,
    unknown: score === null ? [title] : [],
    fatal: chosen && "fatal" in chosen.dataset ? [title] : [],
    asked: 1,
  };
}

function show(line, { score, unknown, fatal, asked }) {
  line.querySelector(".total-score").textContent = score === null ? gettext("nothing known yet") : shownNumber(score, 2);
  const leftOut = unknown.length ? gettext("; left out: {titles}", { titles: unknown.join(", ") }) : "";
  const flaws = fatal.length ? gettext("; fatal: {titles}", { titles: fatal.join(", ") }) : "";
  line.querySelector(".total-known").textContent = gettext("{n} of {all} known", { n: asked - unknown.length, all: asked }) + leftOut + flaws;
}

export function rollUp(whole) {
  const lines = [...whole.querySelectorAll("[data-total]")];
  const questions = [...whole.querySelectorAll(".question[data-parent]")].filter((question) => !question.hidden);
  function total(line) {
    const id = line.dataset.total;
    const inner = lines.filter((other) => other.dataset.parent === id).map(total);
    const own = questions.filter((question) => question.dataset.parent === id).map(answerOf);
    const parts = [...own, ...inner];
    const lows = parts.map(({ low }) => low).filter((low) => low !== null);
    const found = {
      weight: Number(line.dataset.weight),
      low: lows.length ? Math.min(...lows) : null,
      unknown: parts.flatMap(({ unknown }) => unknown),
      fatal: parts.flatMap(({ fatal }) => fatal),
      asked: parts.reduce((sum, { asked }) => sum + asked, 0),
    };
    found.score = found.fatal.length ? found.low : weighed(parts);
    show(line, found);
    return found;
  }
  for (const line of lines) if (!line.dataset.parent) total(line);
}
