"use strict";
// The mouse or the fingers on an element: one drags, two zoom as well.
const fingers = () => {
  const places = new Map(); // where each was last on the screen, by its id
  const middle = () => {
    const [a, b = a] = [...places.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, far: Math.hypot(a.x - b.x, a.y - b.y) };
  };
  const set = (event) => places.set(event.pointerId, { x: event.clientX, y: event.clientY });
  return {
    down: set,
    up: (event) => places.delete(event.pointerId),
    count: () => places.size,
    // By how many pixels a move drags, and how many times it zooms about a place on the screen; null if nothing is held.
    move: (event) => {
      if (!places.has(event.pointerId)) return null;
      const before = middle();
      set(event);
      const { x, y, far } = middle();
      return { x: x - before.x, y: y - before.y, factor: before.far && far ? far / before.far : 1, about: { clientX: x, clientY: y } };
    },
  };
};
