// Plays the recorded moments of training.

const MOMENT = 450; // milliseconds

const showMoment = (slider) => {
  const text = `${Number(slider.dataset.moments.split(" ")[slider.value]).toLocaleString("en")} updates`;
  slider.nextElementSibling.textContent = text;
  slider.setAttribute("aria-valuetext", text);
};

const stop = (button) => {
  clearInterval(button.dataset.playing);
  delete button.dataset.playing;
  button.textContent = "Play";
};

// Plays on from the slider's moment, or from the first one if it is at the end, until it is pressed again.
const play = (button) => {
  if (button.dataset.playing) return stop(button);
  const slider = button.nextElementSibling;
  const go = (value) => {
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  };
  go(slider.value === slider.max ? 0 : Number(slider.value) + 1);
  button.textContent = "Pause";
  button.dataset.playing = setInterval(() => {
    if (slider.value === slider.max || !slider.isConnected) stop(button);
    else go(Number(slider.value) + 1);
  }, MOMENT);
};

addEventListener("click", ({ target }) => target.matches(".play") && play(target));
