// Paper that falls: in the colours of the page, and over after a few seconds.

const PIECES = 140;
const FALL_MS = 4_500;

export function confetti() {
  const canvas = document.createElement("canvas");
  canvas.setAttribute("aria-hidden", "true");
  // A new key for each, or the picture of the one before would go on.
  canvas.dataset.key = `confetti ${performance.now()}`;
  return { canvas, start: () => fall(canvas) };
}

function fall(canvas) {
  const paint = canvas.getContext("2d");
  const [width, height] = [(canvas.width = innerWidth), (canvas.height = innerHeight)];
  // As the canvas would have them: what the properties say is of light and of dark.
  const colours = ["--accent", "--gold", "--silver", "--bronze", "--leaf"].map((name) => {
    canvas.style.color = `var(${name})`;
    return getComputedStyle(canvas).color;
  });
  const any = (from, to) => from + Math.random() * (to - from);
  const pieces = Array.from({ length: PIECES }, (_, index) => ({
    x: any(0, width), y: any(-height * 0.6, -10), fall: any(0.12, 0.3) * (height / 900), sway: any(8, 36),
    pace: any(0.001, 0.004), turn: any(0.002, 0.008), size: any(6, 12) * Math.max(1, width / 1600), colour: colours[index % colours.length],
  }));
  const began = performance.now();
  const frame = (now) => {
    const passed = now - began;
    paint.clearRect(0, 0, width, height);
    if (passed > FALL_MS || !canvas.isConnected) return;
    paint.globalAlpha = Math.min(1, (FALL_MS - passed) / 900);
    for (const piece of pieces) {
      paint.save();
      paint.translate(piece.x + Math.sin(passed * piece.pace) * piece.sway, piece.y + passed * piece.fall);
      paint.rotate(passed * piece.turn);
      paint.fillStyle = piece.colour;
      paint.fillRect(-piece.size / 2, -piece.size / 4, piece.size, (piece.size / 2) * Math.cos(passed * piece.turn * 1.7));
      paint.restore();
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}
