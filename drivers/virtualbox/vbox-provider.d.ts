declare module "node-virtualbox/lib/VBoxProvider.js" {
  export default class VBoxProvider {
    list(): Promise<readonly { readonly name: string; readonly id: string }[]>;
  }
}
