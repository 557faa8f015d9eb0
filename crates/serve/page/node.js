// Builds nodes. Text from outside only ever becomes text here, never markup.

const SVG = "http://www.w3.org/2000/svg";
const SHAPES = new Set(["svg", "g", "path", "line", "rect", "circle", "polyline", "text", "title"]);

/**
 * A node: `node("a.figure", { href }, "12", node("small", "deals"))`. Attributes that are null or false are left out;
 * `style` is an object of custom properties, set on the node itself because the page forbids style attributes in markup.
 */
export function node(tagAndClasses, ...rest) {
  const [tag, ...classes] = tagAndClasses.split(".");
  const made = SHAPES.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  if (classes.length > 0) made.setAttribute("class", classes.join(" "));
  const [first] = rest;
  const hasAttributes = first !== null && typeof first === "object" && !(first instanceof Node) && !Array.isArray(first);
  if (hasAttributes) {
    rest.shift();
    for (const [name, value] of Object.entries(first)) give(made, name, value);
  }
  for (const child of rest.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    made.append(child instanceof Node ? child : String(child));
  }
  return made;
}

function give(made, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "style") {
    for (const [property, text] of Object.entries(value)) made.style.setProperty(property, String(text));
  } else if (name === "class") {
    made.classList.add(...value.split(" ").filter(Boolean));
  } else {
    made.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Text for those who do not see the page. */
export const spoken = (text) => node("span.spoken", text);

/** A name of any script: its direction is its own. */
export const name = (text, attributes = {}) => node("bdi", { dir: "auto", ...attributes }, text);
