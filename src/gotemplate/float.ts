/** Significant decimal digits d1 d2 d3 ... of d1.d2d3... x 10^exponent. */
interface Decimal {
  readonly digits: string;
  readonly exponent: number;
}

/**
 * A finite, non-negative float64 as strconv.FormatFloat writes it.
 * `precision` undefined is the shortest text that reads back as the same number.
 * Rounding is exact and half to even, which toFixed and toExponential are not.
 */
export function formatFloat(value: number, format: "e" | "f" | "g" | "b" | "x", precision: number | undefined): string {
  switch (format) {
    case "e":
      return scientific(precision === undefined ? shortest(value) : significant(value, precision + 1));
    case "f":
      return precision === undefined ? positional(shortest(value)) : fixed(value, precision);
    case "g":
      return general(value, precision);
    case "b": {
      const { mantissa, exponent } = parts(value);
      return `${String(mantissa)}p${signed(exponent, 1)}`;
    }
    case "x":
      return hexadecimal(value, precision);
  }
}

/** %g: scientific for exponents below -4 or from the precision (6 when shortest) on. */
function general(value: number, precision: number | undefined): string {
  if (value === 0) return "0";
  const wanted = Math.max(precision ?? 0, 1);
  const rounded = precision === undefined ? shortest(value) : significant(value, wanted);
  const { exponent } = rounded;
  const digits = rounded.digits.replace(/(?!^)0+$/, "");
  const limit = precision === undefined ? 6 : digits.length > exponent ? digits.length : wanted;
  return exponent < -4 || exponent >= limit ? scientific({ digits, exponent }) : positional({ digits, exponent });
}

function scientific({ digits, exponent }: Decimal): string {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
  return `${digits.slice(0, 1)}${fraction}e${signed(exponent, 2)}`;
}

function positional({ digits, exponent }: Decimal): string {
  const whole = exponent < 0 ? "0" : digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = exponent < 0 ? "0".repeat(-exponent - 1) + digits : digits.slice(exponent + 1);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

function fixed(value: number, places: number): string {
  const digits = String(scaled(value, places)).padStart(places + 1, "0");
  const point = digits.length - places;
  return places === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** The shortest digits that identify the number: toExponential without an argument promises just that. */
function shortest(value: number): Decimal {
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  return { digits: digits.replace(".", ""), exponent: Number(exponent) };
}

/** Rounded to `count` significant digits. */
function significant(value: number, count: number): Decimal {
  if (value === 0) return { digits: "0".repeat(count), exponent: 0 };
  let { exponent } = shortest(value);
  for (;;) {
    const digits = String(scaled(value, count - 1 - exponent));
    if (digits.length === count) return { digits, exponent };
    exponent += digits.length > count ? 1 : -1;
  }
}

/** value x 10^power as the nearest integer, ties to even. */
function scaled(value: number, power: number): bigint {
  const { mantissa, exponent } = parts(value);
  const numerator = mantissa * 2n ** BigInt(Math.max(exponent, 0)) * 10n ** BigInt(Math.max(power, 0));
  const denominator = 2n ** BigInt(Math.max(-exponent, 0)) * 10n ** BigInt(Math.max(-power, 0));
  return divideToEven(numerator, denominator);
}

function divideToEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

/** value = mantissa x 2^exponent, as IEEE 754 stores it (the mantissa has 53 bits unless subnormal). */
function parts(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

/** %x: 0x1.8p+01, the first digit 1 unless the number is 0. */
function hexadecimal(value: number, precision: number | undefined): string {
  if (value === 0) return `0x0${precision === undefined || precision === 0 ? "" : `.${"0".repeat(precision)}`}p+00`;
  let { mantissa, exponent } = parts(value);
  const missing = 53 - mantissa.toString(2).length;
  mantissa <<= BigInt(missing);
  exponent += 52 - missing;
  let places = 13;
  if (precision !== undefined && precision < places) {
    mantissa = divideToEven(mantissa, 16n ** BigInt(places - precision));
    places = precision;
    if (mantissa >> BigInt(4 * places) === 2n) {
      mantissa >>= 1n;
      exponent += 1;
    }
  }
  const digits = mantissa.toString(16);
  const all = digits.slice(1);
  const fraction = precision === undefined ? all.replace(/0+$/, "") : all.padEnd(precision, "0");
  return `0x${digits.slice(0, 1)}${fraction === "" ? "" : `.${fraction}`}p${signed(exponent, 2)}`;
}

function signed(exponent: number, width: number): string {
  return `${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(width, "0")}`;
}
