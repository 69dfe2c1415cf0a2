// The time that is left until an instant: 4:32. `data-countdown` is the instant, `data-now` what the
// server's clock said; `data-then="reload"` shows the page anew once it is over.

export function countdown(element) {
  const end = Date.parse(element.dataset.countdown);
  if (Number.isNaN(end)) return;
  // our own clock may be wrong, but it goes on as fast as any other
  const ahead = element.dataset.now ? Date.now() - Date.parse(element.dataset.now) : 0;
  element.setAttribute("role", "timer");
  const show = () => {
    const left = Math.max(0, Math.ceil((end - Date.now() + ahead) / 1000));
    element.textContent = words(left);
    if (left) return;
    clearInterval(timer);
    if (element.dataset.then === "reload") setTimeout(() => location.reload(), 1500);
  };
  const timer = setInterval(show, 1000);
  show();
}

export function words(seconds) {
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = two(seconds % 60);
  return hours ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
