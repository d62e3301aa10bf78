export default { base: "./", build: { rollupOptions: { input: "bundled.html" } } };
