// The frame of an email is as high as the email: no scroll in a scroll. The frame runs no script itself.

export function fit(frame) {
  const measure = () => {
    const height = frame.contentDocument?.documentElement?.offsetHeight;
    if (height) frame.height = height;
  };
  const watch = () => {
    const email = frame.contentDocument?.documentElement;
    // a picture arrives, or the window gets narrower
    if (email) new ResizeObserver(measure).observe(email);
  };
  frame.addEventListener("load", watch);
  watch();
}
