"use strict";
/* Brings the part of the screen that changes, every few seconds, and says when it cannot. */
(() => {
  const board = document.getElementById("board");
  const lost = document.getElementById("lost");
  const said = document.getElementById("said");
  if (!board) return;
  const patience = 10000;

  const headline = () => {
    const at = document.getElementById("headline");
    return at ? at.textContent.trim() : "";
  };

  function show(html) {
    const focused = board.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const before = headline();
    board.innerHTML = html;
    if (focused) {
      const again = board.querySelector(`[data-key="${CSS.escape(focused)}"]`);
      if (again) again.focus({ preventScroll: true });
    }
    if (headline() !== before) said.textContent = headline();
  }

  async function look() {
    try {
      const answer = await fetch(board.dataset.live, {
        cache: "no-store",
        signal: AbortSignal.timeout(patience),
      });
      if (!answer.ok) throw new Error(answer.status);
      show(await answer.text());
      lost.hidden = true;
      document.body.classList.remove("old");
    } catch {
      lost.hidden = false;
      document.body.classList.add("old");
    }
    next();
  }

  /* Not all at the same moment: a room may have many phones. */
  function next() {
    setTimeout(look, Number(board.dataset.every) * (0.9 + 0.2 * Math.random()));
  }

  next();
})();
