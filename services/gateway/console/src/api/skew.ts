/** By how much the server's clock is ahead of the browser's, from the `Date` of its answers. */

/** A `Date` tells whole seconds. */
const SECOND = 1_000;

export class Skew {
  private least = -Infinity;
  private most = Infinity;

  /** The server wrote `date` between the sending of a request and the arrival of its answer (all in milliseconds). */
  heard(date: number, sentAt: number, receivedAt: number): void {
    const least = date - receivedAt;
    const most = date + SECOND - sentAt;
    // When an answer contradicts those before, one of the clocks has been set.
    const contradicts = least > this.most || most < this.least;
    this.least = contradicts ? least : Math.max(least, this.least);
    this.most = contradicts ? most : Math.min(most, this.most);
  }

  /** Milliseconds to add to the browser's time; 0 as long as the answers allow that it is right. */
  get milliseconds(): number {
    return this.least <= 0 && this.most >= 0 ? 0 : (this.least + this.most) / 2;
  }
}
