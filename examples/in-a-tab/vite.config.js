/** The modules lie outside of the page's folder, in `generated/`. */
export default { base: "./", build: { target: "es2023" }, server: { fs: { allow: ["../.."] } } };
