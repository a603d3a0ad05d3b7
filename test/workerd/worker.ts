/** The Worker that tests in workerd run beside; they make what they test themselves. */
export default {
  fetch: () => new Response("ok"),
} satisfies ExportedHandler;
