import { html, LitElement, nothing } from 'lit';
import { fileButton } from './file-button.js';

/** @import { Lab } from './nm-lab.js' */

/** `<nm-drop-zone>`: takes data files dropped anywhere on the page, or chosen with its button. */
export class NmDropZone extends LitElement {
  static properties = { lab: { attribute: false }, over: { state: true } };

  constructor() {
    super();
    /** @type {Lab | null} */
    this.lab = null;
    /** Whether files hover above the page. */
    this.over = false;
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    window.addEventListener('dragover', this.#onDrag);
    window.addEventListener('dragleave', this.#onLeave);
    window.addEventListener('drop', this.#onDrop);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.removeEventListener('dragover', this.#onDrag);
    window.removeEventListener('dragleave', this.#onLeave);
    window.removeEventListener('drop', this.#onDrop);
  }

  render() {
    return html`
      <section class="panel own-data" aria-labelledby="own-data-title">
        <div>
          <h2 id="own-data-title">Your own data</h2>
          <p>
            Drop an IDX pair (MNIST, Fashion-MNIST; images and labels together, gzip or plain), CIFAR-10 binary
            batches, or a text (.txt, UTF-8) anywhere on the page. They stay on this machine.
          </p>
        </div>
        ${this.lab ? fileButton(this.lab.session) : nothing}
      </section>
      <div class="drop-veil" ?hidden=${!this.over}><p>Drop to train on these files</p></div>
    `;
  }

  /** @param {DragEvent} event */
  #onDrag = (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.over = true;
  };

  /** @param {DragEvent} event */
  #onLeave = (event) => {
    // Leaving an element for another inside the page names the other; leaving the page names none.
    if (event.relatedTarget === null) this.over = false;
  };

  /** @param {DragEvent} event */
  #onDrop = (event) => {
    this.over = false;
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    this.#use(event.dataTransfer.files);
  };

  /** @param {FileList | null} files */
  #use(files) {
    if (files?.length) void this.lab?.session.useFiles([...files]);
  }
}

customElements.define('nm-drop-zone', NmDropZone);
