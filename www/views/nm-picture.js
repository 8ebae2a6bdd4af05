import { html, LitElement } from 'lit';

/** @import { Picture } from '../worker/protocol.d.ts' */

/** `<nm-picture>`: an image as the network sees it, its numbers stretched from black to white. */
export class NmPicture extends LitElement {
  static properties = { picture: { attribute: false }, label: {} };

  constructor() {
    super();
    /** @type {Picture | null} */
    this.picture = null;
    this.label = '';
  }

  createRenderRoot() {
    return this;
  }

  render() {
    return html`<canvas role="img" aria-label=${this.label}></canvas>`;
  }

  updated() {
    const canvas = this.querySelector('canvas');
    const context = canvas?.getContext('2d');
    if (!canvas || !context || !this.picture) return;
    const { height, width, channels, pixels } = this.picture;
    const least = pixels.reduce((a, b) => Math.min(a, b), Infinity);
    const span = pixels.reduce((a, b) => Math.max(a, b), -Infinity) - least || 1;
    Object.assign(canvas, { width, height });
    const image = context.createImageData(width, height);
    for (let at = 0; at < width * height; at += 1) {
      const level = (/** @type {number} */ channel) =>
        (255 * ((pixels[at * channels + Math.min(channel, channels - 1)] ?? 0) - least)) / span;
      image.data.set([level(0), level(1), level(2), 255], 4 * at);
    }
    context.putImageData(image, 0, 0);
  }
}

customElements.define('nm-picture', NmPicture);
