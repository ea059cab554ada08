import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import './main.css'

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no #root element')
createRoot(root).render(
  <StrictMode>
    <main className="p-8">
      <h1 className="text-xl font-semibold">Halftone</h1>
    </main>
  </StrictMode>,
)
