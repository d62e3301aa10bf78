// Telling when something is collected, where that can be told. Elsewhere, what nobody gives back stays.

class Nothing<T> {
  register(_target: object, _held: T, _token?: object): void {}
  unregister(_token: object): void {}
}

/** `FinalizationRegistry`, or what does nothing where there is none. */
export const Registry: new <T>(collected: (held: T) => void) => Pick<FinalizationRegistry<T>, "register" | "unregister"> =
  globalThis.FinalizationRegistry ?? (Nothing as never);
