declare module "*/playground.js";
