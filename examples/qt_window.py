"""A window on an exchange: connection, ticker, book and orders. Needs: pip install 'foxtrot[qt,sandbox]'.

python examples/qt_window.py [--exchange binanceus] [--symbol BTC/USDT] [--seconds 5 --screenshot window.png]
"""

import argparse
import asyncio
import threading

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QGridLayout, QHeaderView, QLabel, QTableWidget, QTableWidgetItem, QWidget

from foxtrot import BaseExchange, OrderRequest, events, get_exchange
from foxtrot.model.orderbook import OrderBook
from foxtrot.qt import DataCollector

LEVELS = 8
GREEN, RED, GRAY, BLACK = map(QColor, ("#1a8a4c", "#c03a2b", "#888888", "#000000"))


async def trade(exchange: BaseExchange, symbol: str, over: threading.Event) -> None:
    """What goes on beside the window, on a thread of its own."""
    async with exchange:
        await exchange.subscribe_ticker(symbol)
        await exchange.subscribe_order_book(symbol)
        await exchange.place_order(OrderRequest.market(symbol, "buy", "0.01"))
        last = (await exchange.fetch_ticker(symbol)).last
        for side, factor in (("buy", 0.99), ("sell", 1.01)):
            price = exchange.contracts.round_price(symbol, last * factor, side)
            await exchange.place_order(OrderRequest.limit(symbol, side, "0.02", price))
        await asyncio.to_thread(over.wait)


class Window(QWidget):
    def __init__(self, collector: DataCollector) -> None:
        super().__init__()
        self.price, self.day, self.state = QLabel("-", styleSheet="font: bold 26px"), QLabel(), QLabel()
        self.book = self.table("Bid size", "Price", "Ask size")
        self.blotter = self.table("Order", "Side", "Type", "Quantity", "Price", "Filled", "Status")
        self.rows: dict[str, int] = {}
        grid = QGridLayout(self)
        grid.addWidget(self.price, 0, 0)
        grid.addWidget(self.day, 0, 1, 1, 2)
        grid.addWidget(self.state, 0, 3, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self.book, 1, 0)
        grid.addWidget(self.blotter, 1, 1, 1, 3)
        for column, stretch in enumerate((5, 3, 3, 3)):
            grid.setColumnStretch(column, stretch)
        self.resize(1000, 420)
        collector.state.connect(self.show_state)
        collector.ticker.connect(self.show_ticker)
        collector.book.connect(self.show_book)
        collector.book_invalidated.connect(lambda _: self.book.setRowCount(0))  # never show what is not true
        collector.orders.connect(self.show_orders)

    def show_state(self, event: events.StateChanged) -> None:
        color = GREEN if event.new is events.AdapterState.READY else RED
        self.state.setText(f"<span style='color: {color.name()}'>●</span> {event.exchange} {event.new.value}")

    def show_ticker(self, t: events.Ticker) -> None:
        self.price.setText(f"{t.last:,.2f}")
        self.day.setText(f"{t.change_percent:+.2f} %   low {t.low:,.2f}   high {t.high:,.2f}   volume {t.volume:,.0f}")

    def show_book(self, book: OrderBook) -> None:
        asks = [(RED, "", f"{price:,.2f}", f"{size:.5f}") for price, size in reversed(book.asks[:LEVELS])]
        bids = [(GREEN, f"{size:.5f}", f"{price:,.2f}", "") for price, size in book.bids[:LEVELS]]
        self.book.setRowCount(len(asks) + len(bids))
        for row, cells in enumerate(asks + bids):
            self.fill(self.book, row, *cells)

    def show_orders(self, told: list[events.OrderEvent]) -> None:
        for o in (event.order for event in told):
            row = self.rows.setdefault(o.client_order_id, len(self.rows))
            self.blotter.setRowCount(len(self.rows))
            color, price = GRAY if o.status.done else BLACK, f"{o.average_price or o.price or 0:,.2f}"
            cells = o.order_id, o.side.value, o.type.value, f"{o.quantity:.5f}", price, f"{o.filled:.5f}"
            self.fill(self.blotter, row, color, *cells, o.status.value)

    @staticmethod
    def table(*titles: str) -> QTableWidget:
        made = QTableWidget(0, len(titles), showGrid=False)
        made.setHorizontalHeaderLabels(titles)
        made.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        made.verticalHeader().hide()
        made.verticalHeader().setDefaultSectionSize(21)
        return made

    @staticmethod
    def fill(where: QTableWidget, row: int, color: QColor, *cells: str) -> None:
        for column, cell in enumerate(cells):
            item = QTableWidgetItem(cell)
            item.setForeground(color)
            item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
            where.setItem(row, column, item)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exchange", default="binanceus")
    parser.add_argument("--symbol", default="BTC/USDT")
    parser.add_argument("--seconds", type=float, default=0, help="0: until the window is closed")
    parser.add_argument("--screenshot", default="", help="a file to leave behind")
    options = parser.parse_args()
    app, exchange, over = QApplication([]), get_exchange(options.exchange), threading.Event()
    collector = DataCollector(exchange)
    window = Window(collector)
    worker = threading.Thread(target=asyncio.run, args=(trade(exchange, options.symbol, over),))
    worker.start()
    window.show()
    if options.seconds:
        QTimer.singleShot(int(options.seconds * 1_000), app.quit)
    app.exec()
    if options.screenshot:
        window.grab().save(options.screenshot)
    over.set()
    worker.join()
    collector.close()
