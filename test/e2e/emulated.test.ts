// One after the other in one file, as two processors have enough to do with one emulated system. vitest.config.ts begins it first.
import "./emulated/qemu.js";
import "./emulated/virtualbox.js";
