"use strict";
/* Live: rows that the server wrote are put on top of the list. EventSource asks again by itself, from the last id. */
(() => {
  const list = document.getElementById("live");
  if (!list || !window.EventSource) return;
  const state = document.getElementById("live-state");
  const source = new EventSource(list.dataset.stream);
  source.onopen = () => { state.textContent = state.dataset.listening; };
  source.onerror = () => { state.textContent = state.dataset.lost; };
  source.addEventListener("row", (message) => {
    const row = JSON.parse(message.data);
    document.getElementById("row-" + row.id)?.remove();
    list.insertAdjacentHTML("afterbegin", row.html);
    list.firstElementChild.classList.add("fresh");
    while (list.children.length > 200) list.lastElementChild.remove();
  });
  addEventListener("pagehide", () => source.close());
})();
