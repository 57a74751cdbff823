"""Fetch some days of candles, keep them as Parquet, and draw them. Needs: pip install 'foxtrot[data,sandbox]'.

python examples/history_to_parquet.py [--exchange binanceus] [--symbol BTC/USDT] [--days 3] [--folder .]
"""

import argparse
import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from foxtrot import events, get_exchange
from foxtrot.data.bars import resample
from foxtrot.data.export import write_bars

WIDTH, HEIGHT, MARGIN = 1_000, 360, 20


def draw(bars: list[events.Bar], title: str) -> str:
    """Return candles as SVG: green where they rose, red where they fell."""
    low, high = min(bar.low for bar in bars), max(bar.high for bar in bars)
    step = (WIDTH - 2 * MARGIN) / len(bars)

    def y(price: float) -> float:
        return MARGIN + (high - price) / ((high - low) or 1) * (HEIGHT - 2 * MARGIN)

    shapes = []
    for number, bar in enumerate(bars):
        x, color = MARGIN + (number + 0.5) * step, "#1a8a4c" if bar.close >= bar.open else "#c03a2b"
        top, body = y(max(bar.open, bar.close)), abs(y(bar.open) - y(bar.close))
        shapes.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y(bar.high):.1f}" y2="{y(bar.low):.1f}" stroke="{color}"/>'
        )
        shapes.append(
            f'<rect x="{x - step * 0.35:.1f}" y="{top:.1f}" width="{step * 0.7:.1f}" height="{max(body, 1):.1f}" '
            f'fill="{color}"/>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>{"".join(shapes)}'
        f'<text x="{MARGIN}" y="{MARGIN}">{title}, {low:,.2f} to {high:,.2f}</text></svg>'
    )


async def main(name: str, symbol: str, days: int, folder: Path) -> None:
    async with get_exchange(name, {"sandbox": {"history_days": days + 1}}) as exchange:
        exchange.engine.subscribe(events.HistoryGap, print)  # nothing is missing unless it is told
        start = datetime.now(UTC) - timedelta(days=days)
        minutes = await exchange.fetch_ohlcv(symbol, "1m", start=start)
    file = folder / f"{symbol.replace('/', '-')}-1m.parquet"
    write_bars(minutes, file)
    print(f"{len(minutes):,} minutes of {symbol} from {name} are in {file}")
    hours = [bar for bar in resample(minutes, "1h") if bar.closed]
    picture = file.with_suffix(".svg")
    picture.write_text(draw(hours, f"{symbol}, {len(hours)} hours"))
    print(f"and {len(hours)} hours of it are drawn in {picture}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exchange", default="binanceus")
    parser.add_argument("--symbol", default="BTC/USDT")
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path())
    options = parser.parse_args()
    asyncio.run(main(options.exchange, options.symbol, options.days, options.folder))
