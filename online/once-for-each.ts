/** What is made of an object, made once for it and kept for as long as the object is: plans and their lists are read with again and again. */
export function onceForEach<Key extends object, Made>(make: (key: Key) => Made): (key: Key) => Made {
  const made = new WeakMap<Key, { readonly value: Made }>();
  return (key) => {
    let held = made.get(key);
    if (held === undefined) {
      held = { value: make(key) };
      made.set(key, held);
    }
    return held.value;
  };
}
