import { init } from "tollgate/slim";
import { use } from "./use";

// Its name is known to the DOM's types only.
init satisfies (wasm: WebAssembly.Module) => void;

await use();
