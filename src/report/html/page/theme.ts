import { h } from "./dom.ts";

const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const KEY = "flowreplay-theme";
const listeners: (() => void)[] = [];

/** The listener is called when colours may have changed: by the button, by the system, for printing. */
export function onThemeChange(listener: () => void): void {
  listeners.push(listener);
}

/** A button that switches between the system's theme, light and dark, and stores the choice. */
export function themeButton(): HTMLElement {
  let theme = remembered();
  const button = h("button", {
    type: "button",
    class: "theme",
    click: () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      remember(theme);
      apply();
    },
  });
  const apply = (): void => {
    if (theme === "auto") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.setAttribute("data-theme", theme);
    button.textContent = `Theme: ${theme}`;
    for (const listener of listeners) listener();
  };
  apply();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  window.matchMedia("print").addEventListener("change", apply);
  return button;
}

/** Files may have no storage; then the choice lasts as long as the page. */
function remembered(): Theme {
  try {
    const stored = window.localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === stored) ?? "auto";
  } catch {
    return "auto";
  }
}

function remember(theme: Theme): void {
  try {
    window.localStorage.setItem(KEY, theme);
  } catch {
    // No storage.
  }
}
