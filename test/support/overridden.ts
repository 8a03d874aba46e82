/** An object of any class with some of its methods in other hands. */
export function overridden<Thing extends object>(thing: Thing, methods: Partial<Thing>): Thing {
  return new Proxy(thing, {
    get(_, name) {
      const other = Reflect.get(methods, name);
      if (other !== undefined) return other;
      const own: unknown = Reflect.get(thing, name, thing);
      return typeof own === "function" ? own.bind(thing) : own;
    },
  });
}
