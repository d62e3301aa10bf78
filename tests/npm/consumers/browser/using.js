/** `using`, as a build for older browsers writes it. */
export async function held(gate) {
  using permit = await gate.acquire();
  await using another = await gate.acquire();
  return [gate.inFlight, permit.released, another.released];
}
